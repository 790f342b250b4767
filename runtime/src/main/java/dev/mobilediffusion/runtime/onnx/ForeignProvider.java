package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;

/** An execution provider that is no part of the loaded ONNX Runtime. Thread-safe. */
interface ForeignProvider {

    /** What the provider calls itself. */
    String name();

    /** The device that it computes on, in words. */
    String device();

    /** Has it compute what it can in the session that is opened with {@code session}. */
    void addTo(SessionOptions session) throws OrtException;
}
