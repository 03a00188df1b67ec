import CloudEvents
package import Core
import IndicatorSources
package import KeptnModel
import Ports
import RemoteClients

/// One evaluation without a server: for a quality gate in any CI job.
package struct Gate: Sendable {
    package var slo: SLO
    package var queries: SLI
    package var kind: SLIProviderSpec.Kind
    package var spec: SLIProviderSpec?
    package var request: IndicatorRequest
    /// Earlier evaluations, newest first, chosen by the SLO's `ComparisonRule`.
    package var previous: [PreviousEvaluation]
    /// The value of a secret that the provider needs.
    package var secret: @Sendable (SLIProviderSpec.SecretKey) throws -> String
    /// A file with measurements.
    package var file: @Sendable (_ path: String) throws -> [UInt8]?

    package init(
        slo: SLO, queries: SLI, kind: SLIProviderSpec.Kind, spec: SLIProviderSpec?, request: IndicatorRequest,
        previous: [PreviousEvaluation], secret: @escaping @Sendable (SLIProviderSpec.SecretKey) throws -> String,
        file: @escaping @Sendable (_ path: String) throws -> [UInt8]?
    ) {
        self.slo = slo
        self.queries = queries
        self.kind = kind
        self.spec = spec
        self.request = request
        self.previous = previous
        self.secret = secret
        self.file = file
    }

    /// Measures and judges. Throws `IndicatorError` when nothing could be asked at all.
    package func evaluate() async throws -> EvaluationOutcome {
        guard let source = StandardSources.all(requester: WebRequester()).first(where: { $0.kind == kind }) else {
            throw IndicatorError("there is no SLI provider \(kind.rawValue)")
        }
        let authorization = try await (spec ?? SLIProviderSpec()).authorization { try secret($0) }
        let means = IndicatorMeans(
            queries: queries, spec: spec, authorization: authorization,
            deadline: IndicatorDeadline(time: SystemTime()), file: { [file] in try file($0) })
        let values = try await source.measure(request, means)
        var windows: [Duration: [SLIValue]] = [:]
        for (length, indicators) in slo.budgetWindows {
            var request = request
            (request.start, request.indicators, request.sampled) = (request.end - length, indicators, [])
            windows[length] = try await source.measure(request, means)
        }
        let shortfall = IndicatorShortfall(values)
        return Evaluation.evaluate(
            slo: slo, values: values, windows: windows, previous: previous,
            providerFailure: shortfall.result == .fail ? shortfall.message : nil)
    }
}
