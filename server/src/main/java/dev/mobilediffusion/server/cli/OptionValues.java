package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.SecondPasses;
import dev.mobilediffusion.server.security.ApiKey;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of the command line, each with its range, so that a refusal names what is allowed and what was given. */
final class OptionValues {

    static final int MAX_RUNS = 1000;

    private OptionValues() {}

    static final class Steps implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, ImageRequest.MAX_STEPS);
        }
    }

    static final class Seed implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return whole(text, 0, Long.MAX_VALUE);
        }
    }

    static final class GuidanceScale implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, ImageRequest.MAX_GUIDANCE_SCALE);
        }
    }

    static final class Strength implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, 1);
        }
    }

    static final class Upscale implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            double value = number(text, SecondPasses.MAX_FACTOR);
            if (value < 1) {
                throw new TypeConversionException(
                        "must be a number in [1, %s], got '%s'".formatted(SecondPasses.MAX_FACTOR, text));
            }
            return value;
        }
    }

    static final class ControlScale implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return number(text, ControlImage.MAX_SCALE);
        }
    }

    private static double number(String text, double max) {
        double value;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            value = Double.NaN;
        }
        if (!(value >= 0 && value <= max)) {
            throw new TypeConversionException("must be a number in [0, %s], got '%s'".formatted(plain(max), text));
        }
        return value;
    }

    static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, JobSpec.MAX_COUNT);
        }
    }

    static final class Runs implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, MAX_RUNS);
        }
    }

    static final class PerMinute implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, ApiKey.MAX_PER_MINUTE);
        }
    }

    /** {@code 90d}, or a day, whose beginning in UTC is meant. */
    static final class Expiry implements ITypeConverter<Instant> {

        private static final Pattern DAYS = Pattern.compile("(\\d{1,5})d");

        @Override
        public Instant convert(String text) {
            Matcher days = DAYS.matcher(text);
            if (days.matches()) {
                return Instant.now().plus(Integer.parseInt(days.group(1)), ChronoUnit.DAYS);
            }
            try {
                return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
            } catch (DateTimeParseException e) {
                // The sentence below says what a date is
            }
            throw new TypeConversionException(
                    "must be a date such as 2027-01-31 or a number of days such as 90d, got '%s'".formatted(text));
        }
    }

    /** A number as people write it: 3, not 3.0. */
    static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    static long whole(String text, long min, long max) {
        try {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // The sentence below says what a number is
        }
        throw new TypeConversionException("must be a whole number in [%s, %s], got '%s'".formatted(min, max, text));
    }
}
