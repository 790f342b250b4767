package dev.mobilediffusion.server.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.protobuf.UnsafeByteOperations;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.server.grpc.v1.Error;
import dev.mobilediffusion.server.grpc.v1.Image;
import dev.mobilediffusion.server.grpc.v1.ImageFormat;
import dev.mobilediffusion.server.grpc.v1.ImageInfo;
import dev.mobilediffusion.server.grpc.v1.Job;
import dev.mobilediffusion.server.grpc.v1.JobState;
import dev.mobilediffusion.server.grpc.v1.Model;
import dev.mobilediffusion.server.grpc.v1.Progress;
import dev.mobilediffusion.server.grpc.v1.Queued;
import dev.mobilediffusion.server.grpc.v1.Stage;
import dev.mobilediffusion.server.grpc.v1.StageTiming;
import dev.mobilediffusion.server.grpc.v1.ThingGroup;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.QueueEstimate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Jobs, images and models as messages. */
final class Messages {

    private Messages() {}

    /** @param asked warnings about the request, before those about its images */
    static Job job(dev.mobilediffusion.server.job.Job job, Optional<QueueEstimate> estimate, List<String> asked) {
        JobStatus status = job.status();
        Job.Builder message = Job.newBuilder()
                .setId(status.id())
                .setState(state(status.state()))
                .setModel(job.spec().model())
                .setN(job.spec().count())
                .setQueuePosition(estimate.map(QueueEstimate::position).orElse(0))
                .setEtaSeconds(etaSeconds(estimate))
                .setCreatedAt(timestamp(status.createdAt()))
                .setProgress(progress(status))
                .addAllTimings(timings(status.timings()));
        status.startedAt().map(Messages::timestamp).ifPresent(message::setStartedAt);
        status.finishedAt().map(Messages::timestamp).ifPresent(message::setFinishedAt);
        Set<String> warnings = new LinkedHashSet<>(asked);
        for (JobImage image : status.images()) {
            message.addImages(imageInfo(image));
            warnings.addAll(image.warnings());
        }
        message.addAllWarnings(warnings);
        status.error().map(Messages::error).ifPresent(message::setError);
        return message.build();
    }

    static Queued queued(Optional<QueueEstimate> estimate) {
        return Queued.newBuilder()
                .setPosition(estimate.map(QueueEstimate::position).orElse(0))
                .setEtaSeconds(etaSeconds(estimate))
                .build();
    }

    /** Until the last image; 0 once the job is over. */
    static double etaSeconds(Optional<QueueEstimate> estimate) {
        return estimate.map(left -> seconds(left.eta())).orElse(0.0);
    }

    static Image image(JobImage image) {
        // Nobody writes to an image's bytes, so there is no need for a copy
        ByteString bytes = UnsafeByteOperations.unsafeWrap(image.bytes());
        return Image.newBuilder().setInfo(imageInfo(image)).setData(bytes).build();
    }

    static Model model(ModelCatalog.Entry entry, boolean isDefault) {
        Model.Builder message = Model.newBuilder()
                .setName(entry.name())
                .setIsDefault(isDefault)
                .setLoaded(entry.loaded().isPresent())
                .setCreatedAt(timestamp(entry.created()));
        entry.loaded().ifPresent(model -> describe(message, model));
        return message.build();
    }

    static Stage stage(dev.mobilediffusion.runtime.Stage stage) {
        return switch (stage) {
            case QUEUE -> Stage.STAGE_QUEUE;
            case TOKENIZE -> Stage.STAGE_TOKENIZE;
            case TEXT_ENCODER -> Stage.STAGE_TEXT_ENCODER;
            case UNET -> Stage.STAGE_UNET;
            case VAE_DECODER -> Stage.STAGE_VAE_DECODER;
            case ENCODE -> Stage.STAGE_ENCODE;
        };
    }

    private static JobState state(dev.mobilediffusion.server.job.JobState state) {
        return switch (state) {
            case QUEUED -> JobState.JOB_STATE_QUEUED;
            case RUNNING -> JobState.JOB_STATE_RUNNING;
            case SUCCEEDED -> JobState.JOB_STATE_SUCCEEDED;
            case FAILED -> JobState.JOB_STATE_FAILED;
            case CANCELLED -> JobState.JOB_STATE_CANCELLED;
        };
    }

    private static ImageInfo imageInfo(JobImage image) {
        ImageFormat format =
                switch (image.format()) {
                    case PNG -> ImageFormat.IMAGE_FORMAT_PNG;
                    case JPEG -> ImageFormat.IMAGE_FORMAT_JPEG;
                    case WEBP -> ImageFormat.IMAGE_FORMAT_WEBP;
                };
        return ImageInfo.newBuilder()
                .setIndex(image.index())
                .setSeed(image.seed())
                .setWidth(image.width())
                .setHeight(image.height())
                .setSteps(image.steps())
                .setGuidanceScale(image.guidanceScale())
                .setFormat(format)
                .setSha256(image.sha256())
                .addAllTimings(timings(image.timings()))
                .addAllWarnings(image.warnings())
                .build();
    }

    private static Progress progress(JobStatus status) {
        Progress.Builder message = Progress.newBuilder()
                .setImages(status.images().size())
                .setStep(status.step())
                .setSteps(status.steps());
        status.stage().map(Messages::stage).ifPresent(message::setStage);
        return message.build();
    }

    private static List<StageTiming> timings(StageTimings timings) {
        List<StageTiming> messages = new ArrayList<>();
        timings.durations()
                .forEach((stage, took) -> messages.add(StageTiming.newBuilder()
                        .setStage(stage(stage))
                        .setMilliseconds(took.toNanos() / 1e6)
                        .build()));
        return messages;
    }

    private static Error error(JobError error) {
        return Error.newBuilder()
                .setCode(error.code().label())
                .setMessage(error.message())
                .setParam(error.param())
                .build();
    }

    private static void describe(Model.Builder message, ModelInfo model) {
        model.groups()
                .forEach((name, things) ->
                        message.addGroups(ThingGroup.newBuilder().setName(name).addAllThings(things)));
        message.setWidth(model.width())
                .setHeight(model.height())
                .setDefaultSteps(model.defaultSteps())
                .setDefaultGuidanceScale(model.defaultGuidanceScale())
                .setGuidanceBakedIn(model.guidanceBakedIn())
                .setScheduler(model.schedulerName())
                .setParameters(model.parameters())
                .addAllKnownWords(model.knownWords())
                .setLicence(model.licence())
                .setSha256(model.sha256());
    }

    private static Timestamp timestamp(Instant moment) {
        return Timestamp.newBuilder()
                .setSeconds(moment.getEpochSecond())
                .setNanos(moment.getNano())
                .build();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
