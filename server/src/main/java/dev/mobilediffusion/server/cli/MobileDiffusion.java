package dev.mobilediffusion.server.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The process starts here and hands over to a command.
 *
 * <p>Results go to stdout, all else to stderr; exit code 0 means success, 1 failure, 2 wrong usage.
 */
@Command(
        name = "mobilediffusion",
        description = "Draws pictures from text, here or for every device nearby.",
        mixinStandardHelpOptions = true,
        versionProvider = MobileDiffusion.Version.class,
        subcommands = {
            ServeCommand.class,
            GenerateCommand.class,
            BenchCommand.class,
            ModelsCommand.class,
            KeysCommand.class
        },
        scope = CommandLine.ScopeType.INHERIT)
public final class MobileDiffusion implements Runnable {

    @Spec
    private CommandSpec spec;

    /** Runs the command that {@code args} name and ends the process with its exit code. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        System.exit(run(out, err, args));
    }

    /** The same without ending the process. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        ErrorSentences errors = new ErrorSentences();
        return new CommandLine(new MobileDiffusion())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors)
                .setUsageHelpAutoWidth(true)
                .execute(args);
    }

    @Override
    public void run() {
        String commands = String.join(", ", spec.subcommands().keySet());
        throw new ParameterException(spec.commandLine(), "a command is missing, one of " + commands);
    }

    /** The version in the jar's manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = MobileDiffusion.class.getPackage().getImplementationVersion();
            return new String[] {"mobilediffusion " + (version == null ? "(not packaged)" : version)};
        }
    }
}
