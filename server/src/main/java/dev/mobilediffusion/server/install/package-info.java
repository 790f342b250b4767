/**
 * Models that come and go: from a folder, a zip or a hub into the folder of models, whole or not at all. May use {@code
 * runtime.bundle}; knows neither the server nor the command line.
 */
package dev.mobilediffusion.server.install;
