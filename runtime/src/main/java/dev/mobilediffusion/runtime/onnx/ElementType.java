package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo;
import java.util.Optional;

/** What a tensor's elements are, of those that diffusion models use. */
public enum ElementType {
    FLOAT32(1, OnnxJavaType.FLOAT, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, Float.BYTES),
    FLOAT16(10, OnnxJavaType.FLOAT16, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, Short.BYTES),
    INT64(7, OnnxJavaType.INT64, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, Long.BYTES),
    INT32(6, OnnxJavaType.INT32, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, Integer.BYTES),
    BOOL(9, OnnxJavaType.BOOL, TensorInfo.OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, Byte.BYTES);

    private final int number; // in onnx.proto
    final OnnxJavaType javaType;
    final int bytes;
    private final TensorInfo.OnnxTensorType onnxType;

    ElementType(int number, OnnxJavaType javaType, TensorInfo.OnnxTensorType onnxType, int bytes) {
        this.number = number;
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

    /** As onnx.proto numbers it. */
    public int number() {
        return number;
    }
}
