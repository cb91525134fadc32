// Sends one file by tus-js-client: node tus_client.cjs PACKAGE ADDRESS TOKEN FILE MEMORY STOP
// MEMORY is where it remembers unfinished uploads; after STOP bytes (0: never) it dies without a word.
const { createReadStream, statSync } = require("node:fs");
const { basename } = require("node:path");

const [, , where, endpoint, token, file, memory, stop] = process.argv;
const tus = require(where);

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  chunkSize: 512 * 1024,
  retryDelays: Array(40).fill(100),
  storeFingerprintForResuming: true,
  removeFingerprintOnSuccess: true,
  urlStorage: new tus.FileUrlStorage(memory),
  fingerprint: async () => file,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: basename(file) },
  uploadSize: statSync(file).size,
  onChunkComplete(_, sent) {
    if (Number(stop) > 0 && sent >= Number(stop)) process.kill(process.pid, "SIGKILL");
  },
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess() {
    console.log(new URL(upload.url).pathname);
  },
});

upload.findPreviousUploads().then((found) => {
  console.log(`unfinished: ${found.length}`);
  if (found.length > 0) upload.resumeFromPreviousUpload(found[0]);
  upload.start();
});
