// The places nearest to `wanted` of boxes so high, in their order, that do not overlap; null where
// they do not fit between the ends. Of places less the heights before them the best ascending
// ones are sought: neighbours that collide move as one.
koopmark.spread = (wanted, heights, low, high) => {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  let above = 0;
  const before = order.map((i) => {
    const middle = above + heights[i] / 2;
    above += heights[i];
    return middle;
  });
  if (above > high - low) return null;
  const blocks = [];
  for (const [k, i] of order.entries()) {
    blocks.push({ sum: wanted[i] - before[k], count: 1 });
    while (blocks.length > 1) {
      const [one, other] = blocks.slice(-2);
      if (one.sum / one.count <= other.sum / other.count) break;
      blocks.splice(-2, 2, { sum: one.sum + other.sum, count: one.count + other.count });
    }
  }
  const moved = blocks.flatMap(({ sum, count }) => Array(count).fill(sum / count));
  const places = [];
  for (const [k, i] of order.entries()) places[i] = Math.min(Math.max(moved[k], low), high - above) + before[k];
  return places;
};
