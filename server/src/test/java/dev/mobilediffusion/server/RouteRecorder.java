package dev.mobilediffusion.server;

import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.lang.reflect.Proxy;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Takes down which routes are registered, as {@code GET /v1/models}; answers for any method are left out. */
final class RouteRecorder {

    private static final Set<String> METHODS =
            Set.of("get", "post", "put", "patch", "delete", "head", "options", "trace");

    private final Set<String> routes = new TreeSet<>();

    Set<String> routes() {
        return routes;
    }

    HttpRouting.Builder builder() {
        return rules(HttpRouting.Builder.class, "");
    }

    private <T extends HttpRules> T rules(Class<T> type, String prefix) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            if (METHODS.contains(method.getName())) {
                String path = (prefix + (args[0] instanceof String own ? own : "")).replaceAll("(?<=.)/$", "");
                routes.add(method.getName().toUpperCase(Locale.ROOT) + " " + path);
            } else if (method.getName().equals("register")) {
                String root = args[0] instanceof String path ? path : "";
                for (HttpService service : (HttpService[]) args[args.length - 1]) {
                    service.routing(rules(HttpRules.class, root.equals("/") ? prefix : prefix + root));
                }
            } else if (method.getName().equals("route")) {
                throw new AssertionError("routes are registered by their method's name, so that this test sees them");
            }
            return proxy;
        }));
    }
}
