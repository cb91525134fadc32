// SHA-256 of a file, away from the page's own thread. Answers the hexadecimal digest or null.

addEventListener("message", async ({ data: file }) => {
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const bytes = [...new Uint8Array(digest)];
    postMessage(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  } catch {
    postMessage(null);
  }
});
