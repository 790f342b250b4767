/** How fast a model draws in this process, stage by stage. Uses the runtime and what is known of the machine. */
package dev.mobilediffusion.server.benchmark;
