package import KeptnModel

/// What Keptn's jmeter-service gives a JMeter script (K §2.10): where to send the requests, how many, and what it is
/// all for. The workload's own properties come on top.
package enum JMeterProperties {
    /// - Parameters:
    ///   - url: Of the deployed service; nil when it is no http or https URL.
    ///   - environment: Of the server; what goes on to a monitoring tool comes from there.
    package static func all(
        for workload: TestConfiguration.Workload, of scope: Scope, context: String, at url: String,
        environment: [String: String]
    ) -> [String: String]? {
        guard let target = Target(url) else { return nil }
        var properties = [
            "PROTOCOL": target.scheme, "SERVER_PROTOCOL": target.scheme, "SERVER_URL": target.host,
            "SERVER_PORT": String(target.port), "CHECK_PATH": target.path.isEmpty ? "/health" : target.path,
            "VUCount": String(workload.virtualUsers), "LoopCount": String(workload.loopCount),
            "ThinkTime": String(Int(workload.thinkTime / .milliseconds(1))),
            "DT_LTN": "\(workload.testStrategy)_\(context)",
            "KEPTN_PROJECT": scope.project, "KEPTN_STAGE": scope.stage, "KEPTN_SERVICE": scope.service,
            "KEPTN_TESTSTRATEGY": workload.testStrategy,
        ]
        for name in ["DT_TENANT", "DT_API_TOKEN"] { properties[name] = environment[name] }
        return properties.merging(workload.properties) { $1 }
    }

    private struct Target {
        let scheme: String
        let host: String
        let port: Int
        /// Without a slash at the end; empty for the root.
        let path: String

        init?(_ url: String) {
            let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count >= 3, parts[1].isEmpty, ["http:", "https:"].contains(parts[0]) else { return nil }
            scheme = String(parts[0].dropLast())
            var authority = parts[2]
            if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
            let end = authority.lastIndex(of: "]").map { authority.index(after: $0) } ?? authority.startIndex
            let colon = authority[end...].lastIndex(of: ":")
            host = String(authority[..<(colon ?? authority.endIndex)].filter { $0 != "[" && $0 != "]" })
            let standard = scheme == "https" ? 443 : 80
            guard !host.isEmpty,
                let port = colon.map({ Int(authority[authority.index(after: $0)...]) }) ?? standard
            else { return nil }
            self.port = port
            let rest = parts.count > 3 ? "/" + parts[3].prefix { $0 != "?" && $0 != "#" } : ""
            path = rest.hasSuffix("/") ? String(rest.dropLast()) : rest
        }
    }
}
