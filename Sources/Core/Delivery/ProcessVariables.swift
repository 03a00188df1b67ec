package import KeptnModel

/// What `$PORT`, `$HOST`, `$PROJECT`, `$STAGE`, `$SERVICE`, `$DEPLOYMENT` and `$ARTIFACT` stand for in a
/// `process.yaml`.
package struct ProcessVariables: Sendable, Hashable {
    package let values: [String: String]

    package init(scope: Scope, deployment: String, host: String, port: Int, artifactFolder: String) {
        values = [
            "PORT": String(port), "HOST": host, "PROJECT": scope.project, "STAGE": scope.stage,
            "SERVICE": scope.service, "DEPLOYMENT": deployment, "ARTIFACT": artifactFolder,
        ]
    }

    /// Replaces `$NAME` and `${NAME}` of the known names; everything else stays as it is, `$$` too.
    package func expand(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            let braced = rest.dropFirst().first == "{"
            let name = rest.dropFirst(braced ? 2 : 1).prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let after = rest[name.endIndex...]
            if let value = values[String(name)], !braced || after.first == "}" {
                result += value
                rest = braced ? after.dropFirst() : after
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    /// The environment of the process: the variables, and over them what the spec sets.
    package func environment(of spec: ProcessSpec) -> [String: String] {
        values.merging(spec.environment.mapValues(expand)) { _, own in own }
    }
}
