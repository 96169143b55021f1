function showClouds(view) {
  const clouds = JSON.parse(view.querySelector("script").textContent);
  const canvas = view.querySelector("canvas");
  const context = canvas.getContext("2d");
  const shown = clouds.map(() => true);
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (const cloud of clouds) for (const list of [cloud.points, ...cloud.lines, ...(cloud.moved || []).flat()]) for (let i = 0; i < list.length; i++) {
    low[i % 3] = Math.min(low[i % 3], list[i]);
    high[i % 3] = Math.max(high[i % 3], list[i]);
  }
  if (!isFinite(low[0])) { low.fill(0); high.fill(1); }
  const centre = low.map((value, axis) => (value + high[axis]) / 2);
  const radius = Math.hypot(...low.map((value, axis) => high[axis] - value)) / 2 || 1;
  let moment = 0;
  let azimuth = 30, polar = 120, zoom = 1;
  let scale, cosA, sinA, cosP, sinP, middleX, middleY;

  function place(x, y, z) {
    x -= centre[0]; y -= centre[1]; z -= centre[2];
    const u = cosA * x + sinA * y, v = cosA * y - sinA * x;
    return [middleX + scale * u, middleY + scale * (cosP * v - sinP * z), (sinP * v + cosP * z) / radius];
  }

  function drawBox() {
    const corner = n => [n & 1 ? high[0] : low[0], n & 2 ? high[1] : low[1], n & 4 ? high[2] : low[2]];
    context.lineWidth = 1;
    for (let n = 0; n < 8; n++) for (const bit of [1, 2, 4]) if (!(n & bit)) {
      const from = place(...corner(n)), to = place(...corner(n | bit));
      context.strokeStyle = n === 0 ? "#ffffff" : "#5b6875";
      context.beginPath(); context.moveTo(from[0], from[1]); context.lineTo(to[0], to[1]); context.stroke();
    }
    context.fillStyle = "#ffffff";
    context.font = "13px sans-serif";
    ["x", "y", "z"].forEach((name, axis) => {
      const end = place(...corner(1 << axis));
      context.fillText(name + " " + Math.round((high[axis] - low[axis]) / 10) + " nm", end[0] + 5, end[1] - 5);
    });
  }

  function drawCloud(cloud, number) {
    context.fillStyle = context.strokeStyle = cloud.colour;
    const p = cloud.points, size = 2;
    for (let i = 0; i < p.length; i += 3) {
      const [u, v, depth] = place(p[i], p[i + 1], p[i + 2]);
      context.globalAlpha = 0.65 - 0.35 * depth;
      if (number % 2) context.fillRect(u - size / 2, v - size / 2, size, size);
      else { context.fillRect(u - size, v - 0.5, 2 * size, 1); context.fillRect(u - 0.5, v - size, 1, 2 * size); }
    }
    context.globalAlpha = 0.9;
    context.lineWidth = 1.5;
    for (const line of cloud.moved ? cloud.moved[moment] : cloud.lines) {
      context.beginPath();
      for (let i = 0; i < line.length; i += 3) {
        const [u, v] = place(line[i], line[i + 1], line[i + 2]);
        if (i) context.lineTo(u, v); else context.moveTo(u, v);
      }
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio; canvas.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    middleX = width / 2; middleY = height / 2;
    scale = zoom * 0.46 * Math.min(width, height * 1.25) / radius;
    const a = azimuth * Math.PI / 180, p = polar * Math.PI / 180;
    cosA = Math.cos(a); sinA = Math.sin(a); cosP = Math.cos(p); sinP = Math.sin(p);
    context.clearRect(0, 0, width, height);
    drawBox();
    clouds.forEach((cloud, number) => { if (shown[number]) drawCloud(cloud, number); });
  }
  const turn = (right, down) => { azimuth += right; polar += down; draw(); };
  const magnify = factor => { zoom = Math.min(20, Math.max(0.3, zoom * factor)); draw(); };

  const fingers = new Map();
  const spread = () => { const [one, other] = [...fingers.values()]; return Math.hypot(one[0] - other[0], one[1] - other[1]) || 1; };
  canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); fingers.set(event.pointerId, [event.clientX, event.clientY]); });
  canvas.addEventListener("pointermove", event => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const wide = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (wide) magnify(spread() / wide);
    else turn(-(event.clientX - before[0]) / 2, (event.clientY - before[1]) / 2);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, event => fingers.delete(event.pointerId));
  canvas.addEventListener("wheel", event => { event.preventDefault(); magnify(Math.exp(-event.deltaY / 600)); }, { passive: false });
  const keys = { ArrowLeft: () => turn(5, 0), ArrowRight: () => turn(-5, 0), ArrowUp: () => turn(0, -5), ArrowDown: () => turn(0, 5),
                 "+": () => magnify(1.15), "=": () => magnify(1.15), "-": () => magnify(1 / 1.15) };
  canvas.addEventListener("keydown", event => { if (keys[event.key]) { event.preventDefault(); keys[event.key](); } });
  for (const box of view.querySelectorAll("input[data-cloud]"))
    box.addEventListener("change", () => { shown[Number(box.dataset.cloud)] = box.checked; draw(); });
  for (const slider of view.querySelectorAll("input[data-time]"))
    slider.addEventListener("input", () => {
      moment = Number(slider.value);
      slider.parentElement.querySelector("output").textContent = clouds.find(cloud => cloud.times).times[moment].toFixed(2) + " s";
      draw();
    });
  for (const button of view.querySelectorAll("button[data-turn]"))
    button.addEventListener("click", () => { [azimuth, polar] = button.dataset.turn.split(",").map(Number); zoom = 1; draw(); });
  draw();
  new ResizeObserver(draw).observe(canvas);
}
document.querySelectorAll(".view").forEach(showClouds);
