package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo;
import java.util.Optional;

/** What a tensor's elements are, of those that diffusion models use. */
public enum ElementType {
    FLOAT32(OnnxJavaType.FLOAT, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, Float.BYTES),
    FLOAT16(OnnxJavaType.FLOAT16, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, Short.BYTES),
    INT64(OnnxJavaType.INT64, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, Long.BYTES),
    INT32(OnnxJavaType.INT32, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, Integer.BYTES);

    final OnnxJavaType javaType;
    final int bytes;
    private final TensorInfo.OnnxTensorType onnxType;

    ElementType(OnnxJavaType javaType, TensorInfo.OnnxTensorType onnxType, int bytes) {
        this.javaType = javaType;
        this.onnxType = onnxType;
        this.bytes = bytes;
    }

    static Optional<ElementType> of(TensorInfo info) {
        for (ElementType type : values()) {
            if (type.onnxType == info.onnxType) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
