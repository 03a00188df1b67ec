import KeptnModel

/// `process.yaml`.
extension ProcessSpec {
    init(reading root: Place) {
        let file = root.fields(["command", "arguments", "environment", "replicas", "health_check", "graceful_stop"])
        let command = file.required("command")
        let text = command?.text() ?? ""
        if case .scalar? = command?.node.content, text.allSatisfy(\.isWhitespace) {
            command?.mismatch("a program such as ./carts")
        }
        self.init(command: text)
        arguments = file["arguments"]?.elements().map { $0.text() } ?? arguments
        environment = file["environment"]?.textMap() ?? environment
        replicas = file["replicas"]?.integer(in: Self.replicasLimits) ?? replicas
        healthCheck = file["health_check"].map(HealthCheck.init(reading:)) ?? healthCheck
        gracefulStop = file["graceful_stop"]?.positiveDuration() ?? gracefulStop
        for name in environment.keys where name.isEmpty || name.contains("=") || name.contains("\0") {
            file["environment"]?.error("'\(shortened(name))' cannot be the name of an environment variable")
        }
    }
}

extension ProcessSpec.HealthCheck {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["path", "start_timeout", "interval", "timeout"])
        self.init()
        if let place = fields["path"] {
            path = place.text()
            if !path.hasPrefix("/") { place.mismatch("a path that begins with /") }
        }
        startTimeout = fields["start_timeout"]?.positiveDuration() ?? startTimeout
        interval = fields["interval"]?.positiveDuration() ?? interval
        timeout = fields["timeout"]?.positiveDuration() ?? timeout
    }
}
