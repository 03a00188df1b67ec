import ArgumentParser
import Assembly
import CloudEvents
import Core
import FoundationEssentials
import KeptnModel
import Ports
import SpecFiles

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Judge a service's objectives here and now, without a server: a quality gate for any CI job.",
        discussion: """
            The exit code is 0 for pass, 2 for warning, 1 for fail and when nothing could be judged. Secrets that the \
            provider's file names come from the environment: that of the name 'prom' with the key 'token' from \
            KEPTN_SECRET_PROM_TOKEN. Without --start and --timeframe the last five minutes are looked at.
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: "The objectives, a file such as slo.yaml.") var slo: String
    @Option(help: "Queries of indicators, a file such as sli.yaml; repeatable, a later file counts more.")
    var sli: [String] = []
    @Option(help: "What is asked: prometheus, http or file.") var provider: Provider
    @Option(help: "How the provider is reached, a file such as provider.yaml.") var providerConfig: String?
    @Option(help: "Where the provider is; for 'file' the measurements.") var url: String?
    @Option(help: "The window's start, such as 2026-01-31T12:00:00Z.") var start: String?
    @Option(help: "The window's end; not together with --timeframe.") var end: String?
    @Option(help: "The window's length, such as 5m.") var timeframe: String?
    @Option(name: [.short, .long], help: "The project, for queries and the history.") var project = ""
    @Option(name: [.short, .long], help: "The stage.") var stage = ""
    @Option(help: "The service.") var service = ""
    @Option(help: "The deployment, such as canary.") var deployment = ""
    @Option(name: [.short, .long], help: "Labels, name=value; repeatable, or with commas between.")
    var labels: [String] = []
    @Option(help: "Compare with the evaluations of this file, and add this one; it is made.") var history: String?
    @Option(name: [.short, .long], help: "What is printed: table, json, junit or markdown.") var output = Format.table

    enum Provider: String, ExpressibleByArgument, CaseIterable { case prometheus, http, file }
    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, junit, markdown }

    func validate() throws {
        guard provider == .prometheus, url == nil, providerConfig == nil else { return }
        throw ValidationError("where Prometheus is has to be said: by --url, or by --provider-config")
    }

    func run() async throws {
        let time = SystemTime()
        let file = try InputFile.read(slo)
        let parsed = try SpecFiles.slo(file, file: slo)
        guard let objectives = parsed.value else { throw KeptnError(.invalidInput, "\(slo) is empty") }
        let terminal = global.terminal
        parsed.warnings.forEach { terminal.error($0.description) }
        let window = try window(now: time.now)
        let past = try history.map(EvaluationHistory.init(file:))
        let outcome = try await judge(objectives, window, past)
        let report = GateReport(
            scope: Scope(project: project, stage: stage, service: service), window: window, slo: objectives,
            outcome: outcome, now: time.now)
        let evaluation = outcome.evaluationJSON(
            timeStart: window.start.rfc3339, timeEnd: window.end.rfc3339, sloFile: file, gitCommit: nil)
        if outcome.status == .succeeded {
            try past?.append(report, evaluation, id: SystemIDs().newID())
        }
        switch output {
        case .table: report.lines.forEach { terminal.line($0) }
        case .json: terminal.line(report.json(evaluation).pretty())
        case .junit: terminal.text(report.junit)
        case .markdown: terminal.text(report.markdown)
        }
        switch outcome.result {
        case .pass: break
        case .warning: throw ExitCode(2)
        case .fail: throw ExitCode(1)
        }
    }

    private func window(now: Timestamp) throws -> EvaluationWindow {
        try EvaluationWindow(
            asked: [
                "start": start.map { .string($0) }, "end": end.map { .string($0) },
                "timeframe": timeframe.map { .string($0) },
            ], now: now)
    }

    /// What could not be asked is an evaluation that could not be made, so that every format can say it.
    private func judge(
        _ slo: SLO, _ window: EvaluationWindow, _ past: EvaluationHistory?
    ) async throws -> EvaluationOutcome {
        let (queries, spec) = (try queries(), try providerSpec())
        do {
            return try await gate(slo, queries, spec, window, past).evaluate()
        } catch let error as IndicatorError {
            return .errored("\(error)")
        } catch let error as EvaluationError {
            return .errored("\(error)")
        }
    }

    private func queries() throws -> SLI {
        var queries = SLI(indicators: [:])
        for file in sli { queries.merge(try SpecFiles.sli(try InputFile.read(file), file: file).value) }
        return queries
    }

    private func providerSpec() throws -> SLIProviderSpec? {
        let spec = try providerConfig.map { file in
            try SpecFiles.sliProviderSpec(try InputFile.read(file), file: file).value
        }
        guard let url else { return spec }
        var changed = spec ?? SLIProviderSpec()
        changed.url = url
        return changed
    }

    private func gate(
        _ slo: SLO, _ queries: SLI, _ spec: SLIProviderSpec?, _ window: EvaluationWindow, _ past: EvaluationHistory?
    ) throws -> Gate {
        let scope = Scope(project: project, stage: stage, service: service)
        return Gate(
            slo: slo, queries: queries, kind: SLIProviderSpec.Kind(rawValue: provider.rawValue) ?? .file, spec: spec,
            request: IndicatorRequest(
                scope: scope, start: window.start, end: window.end, indicators: slo.objectives.map(\.sli),
                sampled: slo.sampledIndicators, deployment: deployment,
                labels: try KeyValues.labels(labels), filters: slo.filter),
            previous: try past?.previous(ComparisonRule(slo.comparison), scope) ?? [],
            secret: Self.secret, file: { try FileReading.bytes(of: $0) })
    }

    @Sendable private static func secret(_ wanted: SLIProviderSpec.SecretKey) throws -> String {
        let name = "KEPTN_SECRET_\(wanted.name)_\(wanted.key)".uppercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        guard let value = ProcessInfo.processInfo.environment[String(name)], !value.isEmpty else {
            throw KeptnError(
                .invalidInput,
                "the provider needs the secret '\(wanted.name)', key '\(wanted.key)': set \(String(name)) in the "
                    + "environment"
            )
        }
        return value
    }
}
