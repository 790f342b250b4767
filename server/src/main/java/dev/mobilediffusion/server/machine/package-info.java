/**
 * The machine that the server runs on, as Linux tells it: processors, memory, temperatures, battery. The only reader of
 * {@code /proc} and {@code /sys}; other systems tell nothing here, and every answer has a value for that.
 */
package dev.mobilediffusion.server.machine;
