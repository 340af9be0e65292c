import * as problems from "./problems.js";

/** The caller's microphone as a MediaStream with one audio track. Throws a Problem. */
export async function openMicrophone() {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
    throw problems.insecurePage();
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw problems.microphone(error);
  }
}
