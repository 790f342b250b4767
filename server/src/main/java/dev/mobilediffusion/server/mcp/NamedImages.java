package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.wire.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Images that are called by their job and place in it, {@code job_…/0}: an assistant that is to change the picture which
 * it was just given has no way to send its bytes back.
 */
record NamedImages(JobQueue queue) {

    private static final Pattern NAME = Pattern.compile("(job_[0-9a-z]+)/(\\d{1,2})");
    private static final List<String> FIELDS = List.of("image", "mask");

    static String nameOf(Job job, JobImage image) {
        return job.id() + "/" + image.index();
    }

    /** A tool's arguments, with the images that they name in place of the names. */
    Form form(ObjectNode arguments) {
        List<Form.FormFile> files = new ArrayList<>();
        for (String field : FIELDS) {
            Matcher name = NAME.matcher(arguments.path(field).asText().strip());
            if (name.matches()) {
                files.add(new Form.FormFile(field, bytes(field, name.group(1), Integer.parseInt(name.group(2)))));
                arguments.remove(field);
            }
        }
        return new Form(arguments, files, "");
    }

    private byte[] bytes(String field, String job, int index) {
        return queue.find(job)
                .flatMap(found -> found.status().images().stream()
                        .filter(image -> image.index() == index)
                        .findFirst())
                .orElseThrow(() -> ApiException.of(
                        ErrorCode.NOT_FOUND,
                        field,
                        "%s must be the name of a picture that is still kept, got \"%s/%s\""
                                .formatted(field, job.length() <= 40 ? job : job.substring(0, 40) + "…", index)))
                .bytes();
    }
}
