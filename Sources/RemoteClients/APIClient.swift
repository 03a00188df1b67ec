import AsyncHTTPClient
package import CloudEvents
import FoundationEssentials
import KeptnModel
import NIOCore
import NIOHTTP1
import NIOPosix
import Ports

/// A client of the HTTP API, for the command line and for tools. Errors carry the server's own message.
package struct APIClient: Sendable {
    /// The API's base without a slash at the end, such as `http://127.0.0.1:8080/api`.
    package let endpoint: String
    private let token: String?
    private let bearer: String?

    /// A request, however long the answer, takes at most so long.
    private static let requestMax = TimeAmount.seconds(60)
    /// Answers are at most so large.
    private static let answerMax = 256 << 20

    /// - Parameters:
    ///   - token: an API token.
    ///   - bearer: a token of an identity provider that the server believes.
    package init(endpoint: String, token: String?, bearer: String? = nil) {
        var endpoint = endpoint.contains("://") ? endpoint : "http://" + endpoint
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        let hasPath = endpoint.split(separator: "/").count > 2
        self.endpoint = hasPath ? endpoint : endpoint + "/api"
        self.token = token
        self.bearer = bearer
    }

    /// Somebody's login counts, which ends by itself.
    package var hasBearer: Bool { bearer != nil }

    /// One segment of a path, encoded.
    package func segment(_ text: String) -> String { URLText.encode(text) }

    package func get(_ path: String, _ query: [String: String] = [:]) async throws -> JSON {
        try await send(.GET, path + URLText.query(query))
    }

    /// The answer as it comes, when its last byte is there: nothing of it is read.
    package func bytes(_ path: String, _ query: [String: String]) async throws -> [UInt8] {
        let (status, bytes) = try await exchange(.GET, path + URLText.query(query), contentType: nil, nil)
        return try Self.checked(status, bytes)
    }

    package func post(_ path: String, _ body: JSON) async throws -> JSON { try await send(.POST, path, body) }
    package func put(_ path: String, _ body: JSON) async throws -> JSON { try await send(.PUT, path, body) }
    package func delete(_ path: String) async throws -> JSON { try await send(.DELETE, path) }

    /// Sends events in one request, all or none.
    package func send(_ events: [CloudEvent]) async throws {
        let message = CloudEvent.batchMessage(events)
        _ = try await execute(.POST, "v1/event", contentType: message.contentType, .bytes(message.body))
    }

    /// Uploads a file as an artifact and returns its reference.
    /// - Parameter progress: is told, again and again, how many bytes of how many were handed over.
    package func upload(
        file path: String, name: String, progress: @escaping @Sendable (_ sent: Int, _ total: Int) -> Void
    ) async throws -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        } catch {
            throw KeptnError(.invalidInput, "\(path) cannot be read: \(error)")
        }
        let chunks = FileChunks(data: data, progress: progress)
        return try await upload(.stream(chunks, length: .known(Int64(data.count))), name)
    }

    /// Fetches a URL and uploads what is there as an artifact, as it comes.
    package func upload(url: String, name: String) async throws -> String {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: Self.requestMax)
        guard response.status == .ok else {
            throw KeptnError(.invalidInput, "\(url) answers \(response.status.code)")
        }
        return try await upload(.stream(response.body, length: .unknown), name)
    }

    /// What is at a URL anywhere, at most 1 MiB: a file that the user names.
    package static func download(_ url: String) async throws -> [UInt8] {
        do {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: requestMax)
            guard response.status == .ok else {
                throw KeptnError(.invalidInput, "\(url) answers \(response.status.code)")
            }
            return Array(buffer: try await response.body.collect(upTo: 1 << 20))
        } catch let error where !(error is KeptnError || error is CancellationError) {
            throw KeptnError(.invalidInput, "\(url) cannot be read: \(error)")
        }
    }

    private func upload(_ body: HTTPClientRequest.Body, _ name: String) async throws -> String {
        let answer = try await execute(
            .PUT, "v1/artifacts" + URLText.query(["name": name]), contentType: "application/octet-stream", body)
        guard let reference = answer["reference"]?.stringValue else {
            throw KeptnError(.internalFailure, "the server took the artifact without naming it")
        }
        return reference
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        try await execute(
            method, path, contentType: "application/json", body.map { .bytes(ByteBuffer(bytes: $0.bytes)) })
    }

    private func execute(
        _ method: HTTPMethod, _ path: String, contentType: String?, _ body: HTTPClientRequest.Body?
    ) async throws -> JSON {
        let (status, answer) = try await exchange(method, path, contentType: contentType, body)
        let bytes = try Self.checked(status, answer)
        if bytes.isEmpty { return .emptyObject }
        guard let json = try? JSON(parsing: bytes) else {
            throw KeptnError(.internalFailure, "\(endpoint)/\(path) does not answer in JSON: is this Keptn's API?")
        }
        return json
    }

    /// The bytes of a good answer. Throws what the server says of any other.
    private static func checked(_ status: HTTPResponseStatus, _ bytes: [UInt8]) throws(KeptnError) -> [UInt8] {
        guard !(200..<300).contains(status.code) else { return bytes }
        let message = (try? JSON(parsing: bytes))?["message"]?.stringValue
        throw KeptnError(code(of: status), message ?? "the server answers \(status.code) \(status.reasonPhrase)")
    }

    /// Lives as long as the program. Where nobody is, it says so instead of trying until the time is over.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()

    private func exchange(
        _ method: HTTPMethod, _ path: String, contentType: String?, _ body: HTTPClientRequest.Body?
    ) async throws -> (status: HTTPResponseStatus, bytes: [UInt8]) {
        var request = HTTPClientRequest(url: "\(endpoint)/\(path)")
        request.method = method
        if let token { request.headers.add(name: "x-token", value: token) }
        if let bearer { request.headers.add(name: "authorization", value: "Bearer \(bearer)") }
        if let contentType { request.headers.add(name: "content-type", value: contentType) }
        request.body = body
        do {
            let response = try await Self.client.execute(request, timeout: Self.requestMax)
            return (response.status, Array(buffer: try await response.body.collect(upTo: Self.answerMax)))
        } catch let error as CancellationError {
            throw error
        } catch {
            throw KeptnError(
                .unavailable, "the server at \(endpoint) does not answer: \(ConnectionFailure.reason(error))")
        }
    }

    private static func code(of status: HTTPResponseStatus) -> KeptnError.Code {
        switch status {
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .unprocessableEntity: .forbiddenByRule
        case .failedDependency: .failedDependency
        case .payloadTooLarge: .tooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .tooManyRequests: .tooManyRequests
        case _ where status.code >= 500: .unavailable
        default: .invalidInput
        }
    }
}

/// A mapped file, a megabyte at a time.
private struct FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let data: Data
    let progress: @Sendable (_ sent: Int, _ total: Int) -> Void

    struct Iterator: AsyncIteratorProtocol {
        let file: FileChunks
        var rest: Data
        mutating func next() async -> ByteBuffer? {
            // Whoever asks for more has sent what came before.
            file.progress(file.data.count - rest.count, file.data.count)
            guard !rest.isEmpty else { return nil }
            let chunk = rest.prefix(1 << 20)
            rest = rest.dropFirst(chunk.count)
            return ByteBuffer(bytes: chunk)
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(file: self, rest: data) }
}

extension Array<UInt8> {
    fileprivate init(buffer: ByteBuffer) { self = Array(buffer.readableBytesView) }
}
