package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.InferenceException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.MutuallyExclusiveArgsException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says on stderr, in one sentence, what was wrong; a person never sees a stack trace. */
final class ErrorSentences implements IParameterExceptionHandler, IExecutionExceptionHandler {

    /** Wrong usage: the command line itself cannot be obeyed. */
    static final int WRONG_USAGE = 2;

    @Override
    public int handleParseException(ParameterException failure, String[] args) {
        CommandLine command = failure.getCommandLine();
        say(command.getErr(), "%s; see '%s --help'", sentence(failure), commandName(command));
        return WRONG_USAGE;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        switch (failure) {
            case ParameterException wrongUsage -> {
                return handleParseException(wrongUsage, new String[0]);
            }
            case InferenceException inference
            when inference.code() == InferenceException.Code.INVALID_REQUEST -> {
                return handleParseException(new ParameterException(command, inFlags(inference)), new String[0]);
            }
            case InferenceException inference -> say(command.getErr(), "%s", inference.getMessage());
            case CommandFailure known -> say(command.getErr(), "%s", known.getMessage());
            default -> say(command.getErr(), "this should not have happened, please report it: %s", failure);
        }
        return CommandFailure.EXIT_CODE;
    }

    /** The runtime's sentence with the flag's spelling: {@code --guidance-scale must be in …}. */
    private static String inFlags(InferenceException failure) {
        String param = failure.param();
        String message = failure.getMessage();
        boolean isFlag = !param.isEmpty() && !param.equals("prompt") && message.startsWith(param);
        return isFlag ? "--" + param.replace('_', '-') + message.substring(param.length()) : message;
    }

    private static String sentence(ParameterException failure) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            return unmatched(unmatched);
        }
        if (failure.getCause() instanceof TypeConversionException value
                && failure.getArgSpec() instanceof OptionSpec option) {
            return option.longestName() + " " + value.getMessage();
        }
        if (failure instanceof MutuallyExclusiveArgsException) {
            return failure.getMessage()
                    .replaceAll("^Error: ", "")
                    .replaceAll(" are mutually exclusive.*", " exclude each other, give one of them");
        }
        return lowerFirst(failure.getMessage());
    }

    private static String unmatched(UnmatchedArgumentException failure) {
        String argument = failure.getUnmatched().getFirst();
        CommandSpec command = failure.getCommandLine().getCommandSpec();
        if (failure.isUnknownOption()) {
            List<String> similar = failure.getSuggestions();
            String hint = similar.isEmpty() ? "" : " (did you mean %s?)".formatted(String.join(" or ", similar));
            return "unknown option '%s'%s".formatted(argument, hint);
        }
        if (!command.subcommands().isEmpty()) {
            String commands = String.join(", ", command.subcommands().keySet());
            return "unknown command '%s', it must be one of %s".formatted(argument, commands);
        }
        String hint = command.positionalParameters().isEmpty() ? "" : " (words that belong together need quotes)";
        return "unexpected argument '%s'%s".formatted(argument, hint);
    }

    private static String commandName(CommandLine command) {
        return command.getCommandSpec().qualifiedName(" ");
    }

    private static String lowerFirst(String text) {
        return text.isEmpty() ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }

    private static void say(PrintWriter err, String format, Object... args) {
        err.println("mobilediffusion: " + String.format(Locale.ROOT, format, args));
        err.flush();
    }
}
