"""grpcio against a running server: client.py TARGET [KEY [CA.pem]]. See check.sh."""
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from mobilediffusion.v1 import image_generation_pb2 as messages
from mobilediffusion.v1 import image_generation_pb2_grpc as services

PATIENCE = 60


def channel(target, ca):
    options = [("grpc.max_receive_message_length", 32 << 20)]
    if not ca:
        return grpc.insecure_channel(target, options)
    with open(ca, "rb") as file:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(file.read()), options)


def code(call):
    try:
        call()
    except grpc.RpcError as failure:
        return failure.code()
    return grpc.StatusCode.OK


def main(target, key="", ca=""):
    mine = [("authorization", f"Bearer {key}")] if key else []
    with channel(target, ca) as open_channel:
        health = health_pb2_grpc.HealthStub(open_channel)
        images = services.ImageGenerationStub(open_channel)
        empty = messages.ListModelsRequest()

        answer = health.Check(health_pb2.HealthCheckRequest(), metadata=mine, timeout=PATIENCE)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, answer
        assert [model.name for model in images.ListModels(empty, metadata=mine, timeout=PATIENCE).models] == ["pocket"]

        seen = events(images, mine, "a red house")
        assert any(event.WhichOneof("event") == "step" for event in seen), "no progress"
        picture = next(event.image for event in seen if event.WhichOneof("event") == "image")
        assert picture.data.startswith(b"\x89PNG"), "no PNG"

        anew = messages.GenerateRequest(prompt="a red house in the snow", seed=7, image=picture.data, strength=0.6)
        answers = list(images.Generate(anew, metadata=mine, timeout=PATIENCE))
        redrawn = next(event.image for event in answers if event.WhichOneof("event") == "image")
        assert redrawn.data.startswith(b"\x89PNG") and redrawn.data != picture.data, "not drawn anew"

        long = images.Generate(request("a yellow boat", n=10), metadata=mine, timeout=PATIENCE)
        next(long)
        long.cancel()
        assert code(lambda: list(long)) == grpc.StatusCode.CANCELLED
        late = lambda: list(images.Generate(request("a late boat", n=10), metadata=mine, timeout=0.2))
        assert code(late) == grpc.StatusCode.DEADLINE_EXCEEDED
        assert code(lambda: images.ListModels(empty, metadata=mine, timeout=PATIENCE)) == grpc.StatusCode.OK

        if key:
            wrong = [("authorization", "Bearer md_wrong")]
            for stranger in ([], wrong):
                assert code(lambda: images.ListModels(empty, metadata=stranger, timeout=PATIENCE)) == (
                    grpc.StatusCode.UNAUTHENTICATED)
                call = lambda: list(images.Generate(request("x"), metadata=stranger, timeout=PATIENCE))
                assert code(call) == grpc.StatusCode.UNAUTHENTICATED
        else:
            names = ProtoReflectionDescriptorDatabase(open_channel).get_services()
            assert "mobilediffusion.v1.ImageGeneration" in names, names
    print(f"grpcio {grpc.__version__}: health, models, stream, image to image, cancel, deadline{', key' if key else ', reflection'}"
          f"{', TLS' if ca else ''}")


def request(prompt, n=1):
    return messages.GenerateRequest(prompt=prompt, seed=7, n=n)


def events(images, metadata, prompt):
    return list(images.Generate(request(prompt), metadata=metadata, timeout=PATIENCE))


if __name__ == "__main__":
    main(*sys.argv[1:])
