/**
 * The API of jobs, {@code /v1/jobs}: submit, watch, cancel, fetch images. Uses {@code edge} and the queue; knows no other
 * API.
 */
package dev.mobilediffusion.server.jobs;
