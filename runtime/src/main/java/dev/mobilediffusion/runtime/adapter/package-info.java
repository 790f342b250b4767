/**
 * What changes a model without training it again: LoRAs. Depends on the {@code bundle} package.
 */
package dev.mobilediffusion.runtime.adapter;
