package dev.mobilediffusion.server.cli;

/** A client of a running server that asks for one image after the other over a connection that stays. */
interface ImageClient extends AutoCloseable {

    /**
     * Asks for image {@code number}, which has a prompt of its own, and waits for it.
     *
     * @throws CommandFailure when the server does not deliver it
     */
    ServedImage draw(int number);

    @Override
    void close();
}
