// Opens a tilt series of a finished session in Fiji or ImageJ: denoised frames, aligned series, and the volume with its lines as an overlay.
// Lengths are nm with the origin in the middle, as in the tables of lines; denoised frames whose tilt axis is vertical are transposed, as the
// tomogram is. Drop this file on Fiji's window and press Run, or
//     fiji -macro open_session.ijm "results/demo|series|rapid-dlf-slow"

given = getArgument();
if (given == "") {
    folder = getDirectory("Folder of the session, results/<session>");
    series = getString("Tilt series (acquisition)", "series");
    variant = getString("Variant", "rapid-dlf-slow");
} else {
    parts = split(given, "|");
    folder = parts[0];
    series = parts[1];
    variant = parts[2];
}
if (!endsWith(folder, "/"))
    folder = folder + "/";

pixel_nm = openMrc(folder + "tilt_series/" + series + "/" + variant + ".mrc", variant + ": aligned series", true);
if (startsWith(variant, "rapid-")) {
    denoiser = replace(substring(variant, lengthOf("rapid-")), "-per-(row|frame)$", "");
    open(folder + "denoised/" + denoiser + "/" + series + ".ome.tif");
    rename(variant + ": denoised frames");
    tilt_axis = tiltAxis(folder + "report.json");
    if (tilt_axis == "y")
        transpose();
    place(pixel_nm, true);
}
openMrc(folder + "tomograms/" + series + "/" + variant + ".mrc", variant + ": volume and lines", false);
drawLines(folder + "dislocations/" + series + "/" + variant + ".lines.csv", pixel_nm);

// An MRC file of 32-bit numbers, as rapidstem writes them; the size of a pixel in nm.
function openMrc(path, title, isSeries) {
    header = File.openAsRawString(path, 1024);
    columns = number(header, 0);
    if (number(header, 12) != 2)
        exit(path + ": holds no 32-bit real numbers (mode " + number(header, 12) + ")");
    nm = real(header, 40) / number(header, 28) / 10;
    run("Raw...", "open=[" + path + "] image=[32-bit Real] width=" + columns + " height=" + number(header, 4)
        + " offset=" + (1024 + number(header, 92)) + " number=" + number(header, 8) + " gap=0 little-endian");
    rename(title);
    place(nm, isSeries);
    return nm;
}

// How the tilt axis lies in frames as they were recorded; the report's short form has the setting.
function tiltAxis(report) {
    if (!File.exists(report))
        return "x";
    if (indexOf(File.openAsString(report), "\"tomography.tilt_axis\": \"\\\"y\\\"\"") < 0)
        return "x";
    return "y";
}

// Rows of the active stack for columns, as the tomogram has them, whose tilt axis is x.
function transpose() {
    run("Rotate 90 Degrees Right");
    run("Flip Horizontally", "stack");
}

// Scale of the active stack, and its middle as the origin; frames follow each other in time.
function place(nm, isSeries) {
    getDimensions(width, height, channels, slices, frames);
    count = channels * slices * frames;
    middle = "origin=" + (width - 1) / 2 + "," + (height - 1) / 2;
    if (isSeries)
        run("Properties...", "channels=1 slices=1 frames=" + count + " pixel_width=" + nm + " pixel_height=" + nm + " voxel_depth=1 unit=nm " + middle);
    else
        run("Properties...", "channels=1 slices=" + count + " frames=1 pixel_width=" + nm + " pixel_height=" + nm + " voxel_depth=" + nm
            + " unit=nm " + middle + "," + (count - 1) / 2);
    setSlice(floor(count / 2) + 1);
    resetMinAndMax();
}

// Every piece of every line, in the planes of the active volume that it crosses; a pixel's middle lies half a pixel from its corner.
function drawLines(path, nm) {
    getDimensions(width, height, channels, slices, frames);
    rows = split(File.openAsString(path), "\n");
    names = split(rows[0], ",");
    line = column(names, "line");
    x = column(names, "x_nm");
    y = column(names, "y_nm");
    z = column(names, "z_nm");
    setColor("cyan");
    for (i = 2; i < rows.length; i++) {
        from = split(rows[i - 1], ",");
        to = split(rows[i], ",");
        if (from[line] == to[line]) {
            first = round(parseFloat(from[z]) / nm + (slices - 1) / 2);
            last = round(parseFloat(to[z]) / nm + (slices - 1) / 2);
            for (slice = minOf(first, last); slice <= maxOf(first, last); slice++) {
                if (slice >= 0 && slice < slices) {
                    Overlay.drawLine(parseFloat(from[x]) / nm + width / 2, parseFloat(from[y]) / nm + height / 2,
                        parseFloat(to[x]) / nm + width / 2, parseFloat(to[y]) / nm + height / 2);
                    Overlay.add;
                    Overlay.setPosition(slice + 1);
                }
            }
        }
    }
    Overlay.show;
}

function column(names, wanted) {
    for (i = 0; i < names.length; i++)
        if (names[i] == wanted)
            return i;
    exit("the table of lines has no column " + wanted);
}

function number(header, start) {
    return charCodeAt(header, start) + 256 * (charCodeAt(header, start + 1) + 256 * (charCodeAt(header, start + 2) + 256 * charCodeAt(header, start + 3)));
}

// A real number of 32 bits (IEEE 754), positive as sizes are.
function real(header, start) {
    bits = number(header, start);
    exponent = floor(bits / 8388608);
    return (1 + (bits - exponent * 8388608) / 8388608) * pow(2, exponent - 127);
}
