/**
 * The web page and the API's description for people. Uses {@code edge} and Helidon; knows no job.
 */
package dev.mobilediffusion.server.page;
