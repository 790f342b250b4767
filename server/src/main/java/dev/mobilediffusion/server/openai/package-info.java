/**
 * OpenAI's API: {@code /v1/images} and {@code /v1/models}. Uses {@code edge} and the queue; knows no other API.
 */
package dev.mobilediffusion.server.openai;
