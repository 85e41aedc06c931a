// Hovering a number shows all of its digits.
document.addEventListener("mouseover", ({ target }) => {
  if (target.matches("td[data-value]:not([title])")) target.title = target.dataset.value;
});
koopmark.start();
