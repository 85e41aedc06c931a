"""What all pages share: templates, styles, figures."""
