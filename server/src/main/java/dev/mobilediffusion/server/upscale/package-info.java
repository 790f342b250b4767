/**
 * Makes images larger for the APIs, one at a time. Depends on the runtime's upscalers and the {@code error} and {@code
 * transport} packages.
 */
package dev.mobilediffusion.server.upscale;
