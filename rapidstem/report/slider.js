for (const slider of document.querySelectorAll(".slider")) {
  const input = slider.querySelector("input");
  const move = () => slider.style.setProperty("--split", input.value + "%");
  input.addEventListener("input", move);
  move();
}
