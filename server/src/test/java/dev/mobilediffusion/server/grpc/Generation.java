package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A call to Generate under way, which keeps its events and its end. */
final class Generation implements ClientResponseObserver<GenerateRequest, JobEvent> {

    private final List<JobEvent> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile ClientCallStreamObserver<GenerateRequest> call;
    private volatile Status status = Status.OK;

    static Generation start(ImageGenerationGrpc.ImageGenerationStub stub, GenerateRequest request) {
        Generation generation = new Generation();
        stub.generate(request, generation);
        return generation;
    }

    List<JobEvent> events() {
        return events;
    }

    void cancel() {
        call.cancel("changed my mind", null);
    }

    Status awaitEnd() throws InterruptedException {
        if (!end.await(30, TimeUnit.SECONDS)) {
            throw new AssertionError("the call did not end within 30 s");
        }
        return status;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateRequest> stream) {
        call = stream;
    }

    @Override
    public void onNext(JobEvent event) {
        events.add(event);
    }

    @Override
    public void onError(Throwable failure) {
        status = Status.fromThrowable(failure);
        end.countDown();
    }

    @Override
    public void onCompleted() {
        end.countDown();
    }
}
