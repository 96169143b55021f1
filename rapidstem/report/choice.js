for (const list of document.querySelectorAll(".choice select")) {
  const panels = [...list.closest(".choice").parentElement.querySelectorAll(":scope > .panel")];
  const show = () => panels.forEach((panel, number) => { panel.hidden = number !== Number(list.value); });
  list.addEventListener("change", show);
  show();
}
