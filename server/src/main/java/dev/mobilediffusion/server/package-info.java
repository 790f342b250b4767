/**
 * The wiring: reads the configuration, opens queue, model and listener, and ends them in order. The only package that
 * knows all the others; only the command line uses it.
 */
package dev.mobilediffusion.server;
