// The points that no other point is at most as costly and at most as wrong as, cheapest first.
koopmark.front = (points) => {
  const order = [...points].sort((a, b) => a.cost - b.cost || a.error - b.error);
  const members = [];
  for (const point of order) {
    if (!members.length || point.error < members.at(-1).error) members.push(point);
  }
  return members;
};
