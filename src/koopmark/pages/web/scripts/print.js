// On paper: light figures of the width of a page, and nothing folded away.
{
  const PAGE = { width: 960, height: 460, autosize: false };
  let unfolded = [];

  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "";
    unfolded = [...document.querySelectorAll("main details:not([open])")];
    for (const details of unfolded) details.open = true;
    for (const [canvas, figure] of koopmark.plotted) koopmark.plotNow(canvas, figure, PAGE);
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.print;
    for (const details of unfolded) details.open = false;
    for (const [canvas, figure] of koopmark.plotted) koopmark.plotNow(canvas, figure);
  });
}
