package dev.mobilediffusion.server.cli;

import java.io.PrintWriter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
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
        scope = CommandLine.ScopeType.INHERIT)
public final class MobileDiffusion implements Runnable {

    /** In the order of the help. */
    private static final Map<String, Class<?>> COMMANDS = commands();

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
        return execute(commandLine(args), out, err, args);
    }

    /** Runs {@code line} the way all our commands answer; its exit code. */
    static int execute(CommandLine line, PrintWriter out, PrintWriter err, String... args) {
        ErrorSentences errors = new ErrorSentences();
        return line.setOut(out)
                .setErr(err)
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors)
                .setUsageHelpAutoWidth(true)
                .execute(args);
    }

    /** Picocli reads every command by reflection, which takes longer than a step of an image: so only the one that is meant. */
    private static CommandLine commandLine(String... args) {
        CommandLine line = new CommandLine(new MobileDiffusion());
        if (args.length > 0 && COMMANDS.containsKey(args[0])) {
            return line.addSubcommand(args[0], new CommandLine(COMMANDS.get(args[0])));
        }
        // A line each, or picocli does not ask the commands' model transformers
        COMMANDS.forEach((name, command) -> line.addSubcommand(name, new CommandLine(command)));
        return line;
    }

    private static Map<String, Class<?>> commands() {
        Map<String, Class<?>> commands = new LinkedHashMap<>();
        commands.put("serve", ServeCommand.class);
        commands.put("generate", GenerateCommand.class);
        commands.put("bench", BenchCommand.class);
        commands.put("models", ModelsCommand.class);
        commands.put("loras", LorasCommand.class);
        commands.put("concepts", ConceptsCommand.class);
        commands.put("keys", KeysCommand.class);
        commands.put("fleet", FleetCommand.class);
        commands.put("doctor", DoctorCommand.class);
        return Collections.unmodifiableMap(commands);
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
