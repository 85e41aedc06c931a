// The page's data: decompressed when they are first asked for, and once.
koopmark.TooOld = class extends Error {};

koopmark.data = (() => {
  const decoded = new Map();

  const decode = async (name) => {
    if (!window.DecompressionStream) {
      throw new koopmark.TooOld("this browser is too old: Chrome 80, Firefox 113 and Safari 16.4 can");
    }
    const element = document.getElementById(`data-${name}`);
    if (!element) throw new Error(`the page has no data called ${name}`);
    const packed = atob(element.textContent);
    const bytes = new Uint8Array(packed.length);
    for (let i = 0; i < packed.length; i += 1) bytes[i] = packed.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };

  return (name) => {
    if (!decoded.has(name)) decoded.set(name, decode(name));
    return decoded.get(name);
  };
})();

koopmark.number = (value) => (value === null || value === undefined ? NaN : Number(value));

koopmark.plotly = (() => {
  let loaded;
  const load = async () => {
    const script = document.createElement("script");
    script.textContent = await koopmark.data("plotly");
    document.head.append(script);
    return window.Plotly;
  };
  return () => (loaded ??= load());
})();
