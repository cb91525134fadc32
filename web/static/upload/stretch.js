// The bytes of one file, by the tus client, as far as one connection carries them.

import { Refused, refusal } from "./network.js";
import { message } from "./words.js";

const SLICE = 32 * 2 ** 20;
const SILENCE = 60;

function declaration({ name, sha256, material, key, url }) {
  const metadata = { filename: name };
  if (sha256) metadata.sha256 = sha256;
  if (material) metadata.material = String(material);
  return {
    endpoint: message.endpoint,
    uploadUrl: url,
    chunkSize: SLICE,
    headers: { "Idempotency-Key": key },
    metadata,
    // How long to wait is decided where the person sees it; what to resume stands in our record.
    retryDelays: null,
    storeFingerprintForResuming: false,
  };
}

function refusalOf(error) {
  if (!error.originalRequest) return new Refused(message.msgUnreadable, 400);
  const answer = error.originalResponse;
  return refusal(answer?.getStatus() ?? 0, answer?.getBody() ?? "");
}

/**
 * From where the server is to the end of the file; declared first where the record has no address.
 * Resolves when all bytes are there; rejects with Refused, or with the reason of the signal.
 * `located(url)` and `progress(sent)` are told what is known meanwhile.
 */
export function stretch(file, record, { signal, located, progress }) {
  return new Promise((resolve, reject) => {
    let silence = 0;
    const end = (settle, value) => {
      clearTimeout(silence);
      client.abort();
      settle(value);
    };
    // A connection can die without a word: after a minute of silence, begin anew.
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => end(reject, new Refused("", 0)), SILENCE * 1000);
    };
    const client = new window.tus.Upload(file, {
      ...declaration(record),
      onBeforeRequest: () => signal.throwIfAborted(),
      onUploadUrlAvailable: () => located(client.url),
      onProgress: (sent) => {
        if (signal.aborted) return;
        listen();
        progress(sent);
      },
      onSuccess: () => end(resolve),
      onError: (error) => end(reject, refusalOf(error)),
    });
    signal.throwIfAborted();
    signal.addEventListener("abort", () => end(reject, signal.reason), { once: true });
    listen();
    client.start();
  });
}
