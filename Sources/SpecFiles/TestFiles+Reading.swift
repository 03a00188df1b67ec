import KeptnModel

/// `jmeter/jmeter.conf.yaml`.
extension TestConfiguration {
    init(reading root: Place) {
        let file = root.fields(["spec_version", "workloads"])
        var workloads: [Workload] = []
        var strategies: Set<String> = []
        for place in file.required("workloads")?.elements() ?? [] {
            let workload = Workload(reading: place)
            if !strategies.insert(workload.testStrategy).inserted, !workload.testStrategy.isEmpty {
                place.warning("there are two workloads for '\(shortened(workload.testStrategy))'; the first one counts")
            }
            workloads.append(workload)
        }
        self.init(specVersion: file["spec_version"]?.text() ?? "", workloads: workloads)
    }
}

extension TestConfiguration.Workload {
    /// What is not given is as in the defaults of the strategy; an unknown strategy is taken for a functional test.
    fileprivate init(reading place: Place) {
        let fields = place.fields([
            "teststrategy", "vuser", "loopcount", "thinktime", "script", "acceptederrorrate", "avgrtvalidation",
            "properties", "rate", "duration", "timeout",
        ])
        let strategy = fields.required("teststrategy")?.text() ?? ""
        var workload =
            TestConfiguration.defaults.first { $0.testStrategy == strategy }
            ?? Self(
                testStrategy: strategy, virtualUsers: 1, loopCount: 1, thinkTime: .milliseconds(250),
                script: "jmeter/load.jmx", acceptedErrorRate: 0.1)
        if let place = fields["vuser"] { workload.virtualUsers = place.integer(in: 1...10_000) }
        if let place = fields["loopcount"] { workload.loopCount = place.integer(in: 1...1_000_000_000) }
        if let place = fields["thinktime"] { workload.thinkTime = .milliseconds(place.integer(in: 0...86_400_000)) }
        if let place = fields["script"] { workload.script = place.text() }
        if let place = fields["acceptederrorrate"] { workload.acceptedErrorRate = place.number(in: 0...1) }
        if let place = fields["avgrtvalidation"] {
            workload.averageResponseTimeMillisecondsMax = place.integer(in: 0...86_400_000)
        }
        workload.properties = fields["properties"]?.textMap() ?? [:]
        if let place = fields["timeout"] { workload.timeout = place.positiveDuration() }
        workload.readRate(fields["rate"], fields["duration"], hasUsers: fields["vuser"] != nil)
        self = workload
    }
}

extension TestConfiguration.Workload {
    /// So many requests may be under way when a rate is held and nothing else is said.
    private static let underWayDefault = 256

    fileprivate mutating func readRate(_ rate: Place?, _ duration: Place?, hasUsers: Bool) {
        guard let rate else {
            duration?.error("a duration goes with a rate; without one, loopcount says how long the test lasts")
            return
        }
        let wanted = "requests in a time, such as 50/s or 3000/m, at most 100000/s"
        let parts = rate.text().split(separator: "/", omittingEmptySubsequences: false)
        let units: [String: Double] = ["s": 1, "m": 60, "h": 3600]
        let seconds = units[parts.last.map(String.init) ?? ""]
        if parts.count == 2, let number = Double(parts[0]), let seconds, number > 0, number / seconds <= 100_000 {
            self.rate = number / seconds
        } else {
            rate.mismatch(wanted)
        }
        if let duration {
            self.duration = duration.positiveDuration()
        } else {
            rate.error("a rate needs a duration, such as 5m")
        }
        if !hasUsers { virtualUsers = Self.underWayDefault }
    }
}

/// An HTTP plan: a list of requests.
extension TestPlan {
    init(reading root: Place) {
        let list = root.fields(["requests"]).required("requests")
        let requests = list?.elements() ?? []
        if let list, case .sequence = list.node.content, requests.isEmpty {
            list.error("a plan needs at least one request")
        }
        self.init(requests: requests.enumerated().map { Request(reading: $1, index: $0) })
    }
}

extension TestPlan.Request {
    fileprivate init(reading place: Place, index: Int) {
        let fields = place.fields(["name", "method", "path", "headers", "body", "timeout", "expect"])
        let path = fields.required("path")
        let pathText = path?.text() ?? ""
        if let path, !pathText.hasPrefix("/") || pathText.unicodeScalars.contains(where: { $0.value <= 0x20 }) {
            path.mismatch("a path that begins with / and has no blanks")
        }
        let method = fields["method"]?.text() ?? "GET"
        if !method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) || method.isEmpty {
            fields["method"]?.mismatch("an HTTP method such as GET or POST")
        }
        self.init(
            name: fields["name"]?.text() ?? "\(method) \(pathText)",
            method: method,
            path: pathText,
            headers: fields["headers"]?.textMap() ?? [:],
            body: fields["body"]?.text(),
            timeout: fields["timeout"]?.positiveDuration() ?? .seconds(10),
            expect: fields["expect"].map(TestPlan.Expectation.init(reading:)) ?? .init())
    }
}

extension TestPlan.Expectation {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["status", "body_contains"])
        self.init(
            statuses: fields["status"]?.oneOrMore().map { $0.integer(in: 100...599) } ?? [],
            bodyContains: fields["body_contains"]?.oneOrMore().map { $0.text() } ?? [])
    }
}
