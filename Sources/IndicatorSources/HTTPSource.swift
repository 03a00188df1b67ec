import CloudEvents
package import Core
import GoTemplate
package import KeptnModel
package import Ports

/// Asks any HTTP server that answers with JSON: a request made from templates, and where in the answer the number is.
package struct HTTPSource: IndicatorSource {
    package let kind = SLIProviderSpec.Kind.http
    private let requester: any HTTPRequester

    package init(requester: any HTTPRequester) { self.requester = requester }

    package func measure(_ request: IndicatorRequest, _ means: IndicatorMeans) async throws -> [SLIValue] {
        let spec = means.spec ?? SLIProviderSpec()
        let server = WebServer(
            url: spec.url ?? "", spec: spec, authorization: means.authorization, requester: requester)
        let scene = request.scene
        return try await measureEach(request, means) { indicator, timeout in
            do throws(IndicatorError) {
                return try await value(
                    of: indicator, means.queries, scene, server, timeout,
                    wantsSamples: request.sampled.contains(indicator))
            } catch {
                try Task.checkCancellation()
                return SLIValue(metric: indicator, value: 0, success: false, message: error.description)
            }
        }
    }

    private func value(
        of indicator: String, _ queries: SLI, _ scene: JSON, _ server: WebServer, _ timeout: Duration,
        wantsSamples: Bool
    ) async throws(IndicatorError) -> SLIValue {
        guard let query = queries.requests[indicator] else {
            throw IndicatorError(
                queries.indicators[indicator] == nil
                    ? "unsupported SLI: sli.yaml has no query for '\(indicator)'"
                    : "sli.yaml has a text for '\(indicator)'; a mapping with 'path' and 'value' is needed")
        }
        let path = try Self.filled(query.path, scene, "path")
        guard !server.url.isEmpty || WebServer.isURL(path) else {
            throw IndicatorError(
                "it is not known whom to ask: 'path' has to be a URL, or provider.yaml has to have a 'url'")
        }
        var headers: [String: String] = [:]
        for header in query.headers { headers[header.name] = try Self.filled(header.value, scene, header.name) }
        var body: [UInt8] = []
        if let text = query.body {
            body = Array(try Self.filled(text, scene, "body").utf8)
            if !headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
                headers["Content-Type"] = "application/json"
            }
        }
        let answer = try await server.send(query.method, path, headers: headers, body: body, timeout: timeout)
        guard (200..<300).contains(answer.status) else {
            throw IndicatorError("\(query.method) \(path.prefix { $0 != "?" }) was answered with \(answer.status)")
        }
        let document: JSON
        do throws(JSONError) {
            document = try JSON(parsing: answer.body)
        } catch {
            throw IndicatorError("the answer is no JSON: \(error)")
        }
        let value = try Self.value(query.value, in: document)
        let samples = wantsSamples ? query.samples.map { $0.values(in: document).compactMap(Self.number) } ?? [] : []
        return SLIValue(
            metric: indicator, value: value * query.factor, samples: samples.map { $0 * query.factor })
    }

    private static func filled(_ text: String, _ scene: JSON, _ name: String) throws(IndicatorError) -> String {
        do throws(TemplateMistake) {
            return try Template(text).rendered(with: scene)
        } catch {
            throw IndicatorError("'\(name)' of the query: \(error)")
        }
    }

    private static func value(_ selector: JSONSelector, in document: JSON) throws(IndicatorError) -> Double {
        let found = selector.values(in: document).filter { !$0.isNull }
        guard let first = found.first else { throw IndicatorError("no data: the answer has nothing at \(selector)") }
        guard found.count == 1 else {
            throw IndicatorError("the answer has \(found.count) values at \(selector) instead of one")
        }
        guard let number = number(first) else {
            throw IndicatorError("the answer has \(String(first.text.prefix(80))) at \(selector), no number")
        }
        return number
    }

    /// Also one that stands in a text.
    private static func number(_ json: JSON) -> Double? {
        let number = json.doubleValue ?? json.stringValue.flatMap { Double($0) }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }
}
