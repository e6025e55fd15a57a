"""The worker in the environment of the peers: waveforms in, CPU seconds out.

A script of its own, which knows numpy and the peers only. On its input: a line of JSON with
``library`` and ``n_bytes``, then so many bytes of float32 samples at 22.05 kHz. Its output: a line
with the versions of the libraries there are, then a line with ``seconds`` for each request.
"""

import importlib
import importlib.metadata
import json
import os
import sys
import time

import numpy as np

SR, N_FFT, HOP = 22050, 2048, 512


def make_afx():
    """Ten features of afx-audio, mean and standard deviation of each."""
    import afx_audio

    names = [
        "mfcc", "spectral_contrast", "chroma_stft", "tonnetz", "spectral_centroid",
        "spectral_bandwidth", "spectral_rolloff", "spectral_flatness", "rms_energy", "zcr",
    ]  # fmt: skip
    features = {name: {"frame_size": N_FFT, "hop_length": HOP} for name in names}
    features["mfcc"]["n_mfcc"] = 20
    config = {"sample_rate": SR, "features": features, "aggregation": "summary"}

    def run(y):
        return afx_audio.extract_all_features(y, SR, config)

    # Within a track the features share a spectrogram; the same track must not find it again.
    return run, afx_audio.clear_stft_cache


def make_essentia():
    """Nine features of essentia by frame, no statistics; its bandwidth is the spread."""
    import essentia

    essentia.log.infoActive = essentia.log.warningActive = False  # the next import says something
    import essentia.standard as es

    top = SR / 2
    window, spectrum = es.Windowing(type="hann", size=N_FFT), es.Spectrum(size=N_FFT)
    mfcc = es.MFCC(
        inputSize=N_FFT // 2 + 1, sampleRate=SR, numberBands=128, numberCoefficients=20,
        highFrequencyBound=top,
    )  # fmt: skip
    contrast = es.SpectralContrast(frameSize=N_FFT, sampleRate=SR, highFrequencyBound=top - 1)
    peaks, chroma = es.SpectralPeaks(sampleRate=SR), es.HPCP(sampleRate=SR)
    centroid, moments = es.Centroid(range=top), es.CentralMoments(range=top)
    shape, rolloff, flatness = es.DistributionShape(), es.RollOff(sampleRate=SR), es.Flatness()
    rms, crossings = es.RMS(), es.ZeroCrossingRate()

    def describe(frame):
        s = spectrum(window(frame))
        return (
            mfcc(s)[1], contrast(s)[0], chroma(*peaks(s)), centroid(s), shape(moments(s))[0],
            rolloff(s), flatness(s), rms(frame), crossings(frame),
        )  # fmt: skip

    def run(y):
        frames = es.FrameGenerator(y, frameSize=N_FFT, hopSize=HOP)
        return [describe(frame) for frame in frames]

    return run, lambda: None


PEERS = {"afx-audio": make_afx, "essentia": make_essentia}


def main():
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not stand among the answers
    peers, versions = {}, {}
    for name, make in PEERS.items():
        try:
            peers[name] = make()
        except ImportError:
            continue
        versions[name] = importlib.metadata.version(name)
    print(json.dumps(versions), file=answers, flush=True)
    for line in iter(sys.stdin.buffer.readline, b""):
        request = json.loads(line)
        y = np.frombuffer(sys.stdin.buffer.read(request["n_bytes"]), np.float32).copy()
        run, forget = peers[request["library"]]
        forget()
        start = time.process_time()
        run(y)
        print(json.dumps({"seconds": time.process_time() - start}), file=answers, flush=True)


if __name__ == "__main__":
    main()
