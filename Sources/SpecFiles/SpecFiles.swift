package import CloudEvents
package import KeptnModel

/// What was read from a file, and what looks doubtful in it.
package struct Parsed<Value: Sendable>: Sendable {
    package var value: Value
    package var warnings: [Diagnostic]

    package init(value: Value, warnings: [Diagnostic] = []) {
        self.value = value
        self.warnings = warnings
    }
}

/// Reads the user's YAML files. Each function names in its error every mistake of the file, not only the first one.
package enum SpecFiles {
    package static let bytesMax = 1 << 20

    package enum Kind: String, Sendable, CaseIterable {
        case shipyard, slo, sli
        case testConfiguration = "test configuration"
        case testPlan = "test plan"
        case process
        case webhook
        case eventMappings = "event mappings"
        case serviceObjectives = "service objectives"
        case serviceIndicators = "service indicators"
        case sliProvider = "SLI provider"
        case remediation
    }

    /// Of spec 0.2, or of Keptn 0.5 to 0.7, which is read as one of spec 0.2.
    package static func shipyard(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<Shipyard> {
        try read(bytes, file: file) { Shipyard(reading: $0) }
    }

    /// Nil for an empty file, which Keptn takes for no file at all.
    package static func slo(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<SLO?> {
        try readOptional(bytes, file: file) { SLO(reading: $0) }
    }

    package static func sli(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<SLI> {
        try read(bytes, file: file) { SLI(reading: $0) }
    }

    /// The objectives of Keptn 0.5 (`service-objectives.yaml`) as an SLO; nil for an empty file.
    package static func serviceObjectives(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<SLO?> {
        try readOptional(bytes, file: file) { SLO(readingOld: $0) }
    }

    /// The indicators of Keptn 0.5 (`service-indicators.yaml`) by the SLI provider they are for, such as `prometheus`.
    package static func serviceIndicators(
        _ bytes: [UInt8], file: String
    ) throws(InvalidFile) -> Parsed<[String: SLI]> {
        try read(bytes, file: file) { SLI.readOld($0) }
    }

    package static func testConfiguration(
        _ bytes: [UInt8], file: String
    ) throws(InvalidFile) -> Parsed<TestConfiguration> {
        try read(bytes, file: file) { TestConfiguration(reading: $0) }
    }

    package static func testPlan(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<TestPlan> {
        try read(bytes, file: file) { TestPlan(reading: $0) }
    }

    package static func process(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<ProcessSpec> {
        try read(bytes, file: file) { ProcessSpec(reading: $0) }
    }

    package static func webhook(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<WebhookSpec> {
        try read(bytes, file: file) { WebhookSpec(reading: $0) }
    }

    package static func eventMappings(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<EventMappings> {
        try read(bytes, file: file) { EventMappings(reading: $0) }
    }

    /// `PROVIDER/provider.yaml`.
    package static func sliProviderSpec(
        _ bytes: [UInt8], file: String
    ) throws(InvalidFile) -> Parsed<SLIProviderSpec> {
        try read(bytes, file: file) { SLIProviderSpec(reading: $0) }
    }

    /// Of spec 0.1.4, or of Keptn 0.5 to 0.7.
    package static func remediation(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<RemediationSpec> {
        try read(bytes, file: file) { RemediationSpec(reading: $0) }
    }

    /// The name of the SLI provider in a project's `lighthouse-config.yaml` (Keptn's ConfigMap of that name, K §2.6).
    package static func sliProvider(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<String> {
        try read(bytes, file: file) { $0.fields(["sli-provider"]).required("sli-provider")?.text() ?? "" }
    }

    /// The manifest of an import package.
    package static func importManifest(
        _ bytes: [UInt8], file: String
    ) throws(InvalidFile) -> Parsed<ImportManifest> {
        try read(bytes, file: file) { ImportManifest(reading: $0) }
    }

    /// Any YAML document as JSON.
    package static func json(_ bytes: [UInt8], file: String) throws(InvalidFile) -> JSON {
        try readOptional(bytes, file: file) { $0.json() }.value ?? .null
    }

    /// Finds out what kind of file this is (by `apiVersion` and `kind`, else by its name, else by its keys), and
    /// checks it as such.
    package static func validate(
        _ bytes: [UInt8], file: String
    ) throws(InvalidFile) -> (kind: Kind, warnings: [Diagnostic]) {
        let parsed = try readOptional(bytes, file: file) { root -> Kind in
            guard let kind = kind(of: root) else {
                root.error("no file that Keptn knows: it knows \(descriptions)")
                return .shipyard
            }
            switch kind {
            case .shipyard: _ = Shipyard(reading: root)
            case .slo: _ = SLO(reading: root)
            case .sli: _ = SLI(reading: root)
            case .testConfiguration: _ = TestConfiguration(reading: root)
            case .testPlan: _ = TestPlan(reading: root)
            case .process: _ = ProcessSpec(reading: root)
            case .webhook: _ = WebhookSpec(reading: root)
            case .eventMappings: _ = EventMappings(reading: root)
            case .serviceObjectives: _ = SLO(readingOld: root)
            case .serviceIndicators: _ = SLI.readOld(root)
            case .sliProvider: _ = SLIProviderSpec(reading: root)
            case .remediation: _ = RemediationSpec(reading: root)
            }
            return kind
        }
        guard let kind = parsed.value else { throw emptyFile(file) }
        return (kind, parsed.warnings)
    }
}

// MARK: - Kinds

extension SpecFiles {
    private static func kind(of root: Place) -> Kind? {
        let fileName = root.findings.file.split(separator: "/").last.map(String.init) ?? ""
        let named = Kind.allCases.first { $0.fileNames.contains(fileName) }
        guard case .mapping(let pairs) = root.node.content else { return named }
        func text(_ key: String) -> String? {
            guard case .scalar(let text, _)? = pairs.first(where: { $0.key == key })?.value.content else { return nil }
            return text
        }
        if text("kind") == "Shipyard" { return .shipyard }
        if text("kind") == "WebhookConfig" { return .webhook }
        if text("kind") == "EventMappings" { return .eventMappings }
        if text("kind") == "Remediation" || named == .remediation { return .remediation }
        if text("kind") == nil, text("apiVersion")?.hasPrefix(Shipyard.apiVersionPrefix) == true { return .shipyard }
        if text("kind") == nil, text("apiVersion")?.hasPrefix(WebhookSpec.apiVersionPrefix) == true { return .webhook }
        if let named { return named }
        if text("kind") != nil { return nil }
        if Shipyard.isOld(root) { return .shipyard }
        return Kind.allCases.first { kind in pairs.contains { $0.key == kind.tellingKey } }
    }

    private static var descriptions: String {
        Kind.allCases.map { "\($0.rawValue) (\($0.fileNames.first ?? "with '\($0.tellingKey)'"))" }
            .joined(separator: ", ")
    }
}

extension SpecFiles.Kind {
    /// The names that such a file has in Keptn; a test plan may have any.
    fileprivate var fileNames: [String] {
        switch self {
        case .shipyard: ["shipyard.yaml", "shipyard.yml"]
        case .slo: ["slo.yaml", "slo.yml"]
        case .sli: ["sli.yaml", "sli.yml"]
        case .testConfiguration: ["jmeter.conf.yaml", "jmeter.conf.yml"]
        case .testPlan: []
        case .process: ["process.yaml", "process.yml"]
        case .webhook: ["webhook.yaml", "webhook.yml"]
        case .eventMappings: ["eventmappings.yaml", "eventmappings.yml"]
        case .serviceObjectives: ["service-objectives.yaml", "service-objectives.yml"]
        case .serviceIndicators: ["service-indicators.yaml", "service-indicators.yml"]
        case .sliProvider: ["provider.yaml", "provider.yml"]
        case .remediation: ["remediation.yaml", "remediation.yml"]
        }
    }

    /// The key by which such a file is known; an earlier kind goes before a later one with the same.
    fileprivate var tellingKey: String {
        switch self {
        case .shipyard: "spec"
        case .slo, .serviceObjectives: "objectives"
        case .sli, .serviceIndicators: "indicators"
        case .testConfiguration: "workloads"
        case .testPlan: "requests"
        case .process: "command"
        case .webhook: "webhooks"
        case .eventMappings: "hooks"
        case .sliProvider: "authentication"
        case .remediation: "remediations"
        }
    }
}

// MARK: - Reading

extension SpecFiles {
    private static func read<Value: Sendable>(
        _ bytes: [UInt8], file: String, _ body: (Place) -> Value
    ) throws(InvalidFile) -> Parsed<Value> {
        let parsed = try readOptional(bytes, file: file, body)
        guard let value = parsed.value else { throw emptyFile(file) }
        return Parsed(value: value, warnings: parsed.warnings)
    }

    static func readOptional<Value: Sendable>(
        _ bytes: [UInt8], file: String, _ body: (Place) -> Value
    ) throws(InvalidFile) -> Parsed<Value?> {
        guard bytes.count <= bytesMax else {
            throw InvalidFile([
                Diagnostic(
                    file: file, line: 1, column: 1,
                    message: "the file has \(bytes.count) bytes; at most \(bytesMax) are read")
            ])
        }
        let findings = Findings(file: file)
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
        var value: Value?
        do {
            if let root = try YAMLComposer.root(of: text, findings: findings), !root.isNull {
                value = body(Place(root: root, findings: findings))
            }
        } catch {
            findings.add(error)
        }
        guard !findings.hasErrors else { throw InvalidFile(findings.sorted) }
        return Parsed(value: value, warnings: findings.sorted)
    }

    private static func emptyFile(_ file: String) -> InvalidFile {
        InvalidFile([Diagnostic(file: file, line: 1, column: 1, message: "the file is empty")])
    }
}
