// MNIST from the server of the pages: 60,000 digits to learn from, 10,000 to test with.

/** @param {string} name @returns {Promise<Uint8Array>} */
async function file(name) {
  const response = await fetch(`mnist/${name}-ubyte.gz`);
  if (!response.ok)
    throw new Error("MNIST is not in the folder of these pages. `fencepost tour` serves it; or copy the folder mnist there.");
  let bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  }
  return bytes;
}

/** @param {"train" | "t10k"} split */
export async function mnist(split) {
  const [images, labels] = await Promise.all([file(`${split}-images-idx3`), file(`${split}-labels-idx1`)]);
  return { images: images.slice(16), labels: labels.slice(8) };
}
