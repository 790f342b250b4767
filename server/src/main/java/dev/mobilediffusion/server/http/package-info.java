/**
 * REST: OpenAI's image route, jobs, models, health and metrics, and the rules for every HTTP answer. Uses jobs, errors,
 * metrics and Helidon; knows neither the other faces nor how pictures are drawn.
 */
package dev.mobilediffusion.server.http;
