package dev.mobilediffusion.server.grpc;

import com.google.common.collect.ImmutableList;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Calls of a server whose model waits to be told. */
abstract class GenerateFixture {

    @RegisterExtension
    final GrpcFixture server = GrpcFixture.gated();

    List<JobEvent> generated(GenerateRequest.Builder request) {
        return ImmutableList.copyOf(server.stub().generate(request.build()));
    }
}
