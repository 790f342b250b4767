/**
 * The command line, where the process starts: {@code serve}, {@code generate}, {@code bench} and {@code models}. Uses
 * the server's wiring and the runtime; nothing uses it.
 */
package dev.mobilediffusion.server.cli;
