package dev.mobilediffusion.server.cli;

/** A client of a running server that asks for one picture after the other over a connection that stays. */
interface PictureClient extends AutoCloseable {

    /**
     * Asks for picture {@code number}, which has a prompt of its own, and waits for it.
     *
     * @throws CommandFailure when the server does not deliver it
     */
    ServedPicture draw(int number);

    @Override
    void close();
}
