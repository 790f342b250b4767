package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Upload;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobIds;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Images that nobody keeps, until their client has them: those of attached jobs, and looks at unfinished ones. Small
 * ones stay in memory, all together up to a bound; the others go to files without a name, which the system takes back
 * when they are released or the process ends, however it ends. So what waits for clients does not fill the heap.
 * Thread-safe.
 */
public final class ImageSpool {

    private static final System.Logger LOG = System.getLogger(ImageSpool.class.getName());

    private static final int SMALL_BYTES = 1 << 20;
    private static final long MEMORY_BYTES = 8L << 20;

    private final Path folder;
    private final AtomicLong inMemory = new AtomicLong();

    /** @param folder for the files; where it does not work, all stays in memory */
    public ImageSpool(Path folder) {
        this.folder = folder;
    }

    /** @param bytes not to be written to any more */
    public ImageContent keep(byte[] bytes) {
        if (bytes.length <= SMALL_BYTES && reserve(bytes.length)) {
            return new InMemory(bytes);
        }
        try {
            return InFile.write(folder.resolve("spool-" + JobIds.next()), bytes);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "a large picture stays in memory: {0}", e.toString());
            return ImageContent.of(bytes);
        }
    }

    /** {@code spec} with its uploads here, out of the heap, until they are released. */
    public JobSpec keepUploads(JobSpec spec) {
        List<Upload> uploads = spec.uploads();
        return spec.withUploads(
                place -> new SpooledUpload(keep(uploads.get(place).content().read())));
    }

    private record SpooledUpload(ImageContent kept) implements Upload.Content {

        @Override
        public byte[] read() {
            return kept.read();
        }

        @Override
        public void release() {
            kept.release();
        }
    }

    /** Bytes of the images in memory. */
    long bytesInMemory() {
        return inMemory.get();
    }

    private boolean reserve(int bytes) {
        if (inMemory.addAndGet(bytes) <= MEMORY_BYTES) {
            return true;
        }
        inMemory.addAndGet(-bytes);
        return false;
    }

    /** Lets go of its array at once: a job that is over may lie in the heap's old generation for long. */
    private final class InMemory implements ImageContent {

        private final int size;
        private final AtomicReference<byte[]> bytes;

        InMemory(byte[] bytes) {
            this.size = bytes.length;
            this.bytes = new AtomicReference<>(bytes);
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public byte[] read() {
            byte[] present = bytes.get();
            if (present == null) {
                throw ImageContent.handedOver();
            }
            return present;
        }

        @Override
        public void release() {
            if (bytes.getAndSet(null) != null) {
                inMemory.addAndGet(-size);
            }
        }
    }

    private record InFile(FileChannel channel, long size) implements ImageContent {

        /** Not brought to the disk: after a power cut nobody waits for it. */
        static InFile write(Path file, byte[] bytes) throws IOException {
            FileChannel channel = FileChannel.open(
                    file,
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
            try {
                FileLayer.writeAll(channel, bytes);
                return new InFile(channel, bytes.length);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        }

        @Override
        public InputStream open() {
            return new PositionedStream(channel);
        }

        @Override
        public byte[] read() {
            return StorageErrors.readAll(this);
        }

        @Override
        public void release() {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "cannot close a picture's file", e);
            }
        }
    }

    /** Reads from the first byte on, whoever else reads from the same channel. */
    private static final class PositionedStream extends InputStream {

        private final FileChannel channel;
        private long position;

        PositionedStream(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                int count = channel.read(ByteBuffer.wrap(target, offset, length), position);
                position += Math.max(0, count);
                return count;
            } catch (ClosedChannelException e) {
                throw ImageContent.handedOver();
            }
        }
    }
}
