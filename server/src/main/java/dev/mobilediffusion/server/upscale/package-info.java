/**
 * Makes images larger for the APIs, one at a time. Depends on the runtime's upscalers, on {@code machine}, whose turns it
 * takes, and on {@code wire}.
 */
package dev.mobilediffusion.server.upscale;
