package dev.mobilediffusion.server.install;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A hub's list of a model's files, page by page, read no further than a model's list can reach: what a hub sends is
 * whatever it likes to send. For one thread.
 */
final class HubListing {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern NEXT_PAGE = Pattern.compile("<([^>]*)>;\\s*rel=\"?next\"?");

    private static final int MAX_PAGES = 100;
    private static final int MAX_FILES = 20_000;
    private static final int MAX_PAGE_BYTES = 16 << 20;

    /** 1 TB, of one file and of all together. */
    private static final long MAX_BYTES = 1L << 40;

    private final String id;
    private final List<HubFile> files = new ArrayList<>();
    private long bytes;
    private int pages;

    HubListing(String id) {
        this.id = id;
    }

    List<HubFile> files() {
        return files;
    }

    /**
     * Reads a page; one that breaks off adds nothing.
     *
     * @throws InstallException when it is no list of files, or too long
     * @throws IOException when it broke off
     */
    void add(InputStream body) throws IOException {
        List<HubFile> page = new ArrayList<>();
        long before = bytes;
        try (JsonParser parser = JSON.getFactory().createParser(new Bounded(body))) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw new InstallException("the hub's list of files of %s is no list".formatted(id));
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                JsonNode entry = parser.readValueAsTree();
                if (entry.path("type").asText().equals("file")) {
                    page.add(file(entry));
                }
                if (files.size() + page.size() > MAX_FILES) {
                    throw tooLong("%s files".formatted(MAX_FILES));
                }
            }
        } catch (JsonProcessingException notJson) {
            throw new InstallException("the hub's list of files of %s is not JSON".formatted(id), notJson);
        } catch (IOException brokenOff) {
            bytes = before;
            throw brokenOff;
        }
        files.addAll(page);
    }

    /**
     * The page after {@code page}, which must be on the same host: else a hub could have this machine ask any other.
     *
     * @param link the answer's header
     */
    Optional<URI> next(URI page, String link) {
        Matcher next = NEXT_PAGE.matcher(link);
        if (!next.find()) {
            return Optional.empty();
        }
        URI to = HubConnection.follow(page, next.group(1));
        if (!to.getScheme().equals(page.getScheme()) || !to.getRawAuthority().equals(page.getRawAuthority())) {
            throw new InstallException(
                    "the hub's list of files of %s goes on at %s, which is another host; do not trust that hub"
                            .formatted(id, to.getRawAuthority()));
        }
        pages++;
        if (pages >= MAX_PAGES) {
            throw tooLong("%s pages".formatted(MAX_PAGES));
        }
        return Optional.of(to);
    }

    private HubFile file(JsonNode entry) {
        String path = entry.path("path").asText();
        long size = entry.path("size").asLong(-1);
        if (path.isEmpty() || size < 0 || size > MAX_BYTES - bytes) {
            throw new InstallException("the hub's list of files of %s says that '%s' has %s bytes, which no file has"
                    .formatted(id, path, entry.path("size").asText()));
        }
        bytes += size;
        return new HubFile(
                path,
                size,
                entry.path("lfs").path("oid").asText().replaceFirst("^sha256:", ""),
                entry.has("lfs") ? "" : entry.path("oid").asText());
    }

    private InstallException tooLong(String bound) {
        return new InstallException(
                "the hub's list of files of %s is longer than %s, which no model's is".formatted(id, bound));
    }

    /** Ends the reading of a page that is too long. */
    private final class Bounded extends FilterInputStream {

        private int read;

        Bounded(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = super.read(target, offset, length);
            read += Math.max(0, count);
            if (read > MAX_PAGE_BYTES) {
                throw tooLong("%s MB".formatted(MAX_PAGE_BYTES >> 20));
            }
            return count;
        }
    }
}
