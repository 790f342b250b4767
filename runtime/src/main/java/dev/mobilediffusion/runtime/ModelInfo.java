package dev.mobilediffusion.runtime;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a loaded model is.
 *
 * @param name the bundle's folder name, which requests use as {@code model}
 * @param width native image width in pixels
 * @param height native image height in pixels
 * @param defaultSteps denoising steps when a request names none
 * @param defaultGuidanceScale guidance when a request names none; 1 means none
 * @param guidanceBakedIn whether guidance was distilled into the weights, so that a request's own is ignored
 * @param schedulerName class name of the scheduler, as diffusers spells it, and {@code sde-dpmsolver++} after a space
 *     where that is its algorithm
 * @param parameters number of weights, all networks together; 0 when unknown
 * @param knownWords the words that a small model was trained on, lower case and sorted; empty when it takes any text
 * @param groups names of the things that it was taught to draw, by group, in the maker's order; empty when it takes any
 *     text or does not say
 * @param licence SPDX identifier or a short text; empty when the bundle does not say
 * @param sha256 hash over the bundle's files, 64 hex digits; identifies the weights in image metadata
 */
public record ModelInfo(
        String name,
        int width,
        int height,
        int defaultSteps,
        double defaultGuidanceScale,
        boolean guidanceBakedIn,
        String schedulerName,
        long parameters,
        List<String> knownWords,
        Map<String, List<String>> groups,
        String licence,
        String sha256) {

    public ModelInfo {
        knownWords = List.copyOf(knownWords);
        groups = Collections.unmodifiableMap(new LinkedHashMap<>(groups));
    }

    /** The same model, which knows other words and things. */
    public ModelInfo withThings(List<String> words, Map<String, List<String>> things) {
        return new ModelInfo(
                name,
                width,
                height,
                defaultSteps,
                defaultGuidanceScale,
                guidanceBakedIn,
                schedulerName,
                parameters,
                words,
                things,
                licence,
                sha256);
    }
}
