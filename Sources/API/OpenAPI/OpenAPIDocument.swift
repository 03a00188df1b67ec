import CloudEvents
import Core
import HTTPTypes
import Ports

/// The API's description in the form of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), made of the routes that the
/// server has.
struct OpenAPIDocument {
    let json: JSON

    /// Throws `Shape.Problem` for a description that cannot be read.
    init(
        routes: [HTTPRoute], operations: [Operation], shapes: [(name: String, shape: String)], version: String
    ) throws(Shape.Problem) {
        var paths: [(key: String, value: [(key: String, value: JSON?)])] = []
        for operation in operations {
            let known = routes.first { $0.method.rawValue == operation.method && $0.path == operation.path }
            guard let route = known else { continue }
            let path = operation.path.replacing("...}", with: "}")
            let entry = (key: operation.method.lowercased(), value: try Self.json(operation, route) as JSON?)
            if let index = paths.firstIndex(where: { $0.key == path }) {
                paths[index].value.append(entry)
            } else {
                paths.append((path, [entry]))
            }
        }
        var schemas: [(key: String, value: JSON?)] = []
        for (name, shape) in shapes { schemas.append((name, try Shape.schema(shape))) }
        json = [
            "openapi": "3.1.0",
            "info": [
                "title": "Keptn", "version": .string(version),
                "description": "The API of the control plane: that of Keptn 1.4.5, and what came since.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(Operation.Tag.allCases.map { ["name": .string($0.rawValue)] }),
            "paths": .object(paths.map { ($0.key, .object($0.value)) }),
            "components": [
                "schemas": .object(schemas),
                "securitySchemes": [
                    "token": ["type": "apiKey", "in": "header", "name": "x-token"],
                    "bearer": ["type": "http", "scheme": "bearer"],
                ],
            ],
        ]
    }

    private static func json(_ operation: Operation, _ route: HTTPRoute) throws(Shape.Problem) -> JSON {
        let isOpen = route.access == .everybody
        let scopes = isOpen ? [] : route.rule.scopes.map(\.rawValue)
        var parameters = pathParameters(operation.path)
        parameters += try queryParameters(operation.query)
        return [
            "tags": [.string(operation.tag.rawValue)], "summary": .string(operation.summary),
            "description": scopes.isEmpty ? nil : .string("Needs \(scopes.joined(separator: ", "))."),
            "operationId": .string(identifier(operation)),
            "security": isOpen ? [] : [["token": []], ["bearer": []]],
            "parameters": parameters.isEmpty ? nil : .array(parameters),
            "requestBody": try requestBody(operation),
            "responses": try responses(operation, isOpen: isOpen),
        ]
    }

    /// Such as `getApiV1Metadata`: nobody else has the same method and path.
    private static func identifier(_ operation: Operation) -> String {
        let words = operation.path.split { !$0.isLetter && !$0.isNumber }.map {
            $0.prefix(1).uppercased() + $0.dropFirst()
        }
        return operation.method.lowercased() + words.joined()
    }

    private static func pathParameters(_ path: String) -> [JSON] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
            let name = segment.dropFirst().dropLast().replacing("...", with: "")
            return [
                "name": .string(String(name)), "in": "path", "required": true,
                "schema": ["type": "string", "minLength": 1],
            ]
        }
    }

    private static func queryParameters(_ query: String) throws(Shape.Problem) -> [JSON] {
        let shape = try Shape.schema("{\(query)}")
        let required = shape["required"]?.elements ?? []
        return (shape["properties"]?.members ?? []).map { name, schema in
            [
                "name": .string(name), "in": "query", "required": .bool(required.contains(.string(name))),
                "schema": schema,
            ]
        }
    }

    private static func requestBody(_ operation: Operation) throws(Shape.Problem) -> JSON? {
        switch operation.body {
        case nil: nil
        case .json(let shape):
            ["required": true, "content": ["application/json": ["schema": try Shape.schema(shape)]]]
        case .bytes("multipart/form-data"):
            [
                "required": true,
                "content": [
                    "multipart/form-data": [
                        "schema": [
                            "type": "object", "required": ["configPackage"],
                            "properties": ["configPackage": ["type": "string", "format": "binary"]],
                        ]
                    ]
                ],
            ]
        case .bytes(let type): ["required": true, "content": .object([(type, .emptyObject)])]
        }
    }

    /// Whatever needs a token can be refused, and whatever fails says so in Keptn's form.
    private static func responses(_ operation: Operation, isOpen: Bool) throws(Shape.Problem) -> JSON {
        var responses: [(key: String, value: JSON?)] = []
        for (status, answer) in operation.answers.sorted(by: { $0.key < $1.key }) {
            responses.append((String(status), ["description": "Done.", "content": try content(answer)]))
        }
        for status in Set(operation.errors + (isOpen ? [] : [401, 403, 429]) + [500, 503]).sorted() {
            let content: JSON = ["application/json": ["schema": Shape.reference("Error")]]
            responses.append((String(status), ["description": .string(meaning(status)), "content": content]))
        }
        return .object(responses)
    }

    private static func content(_ answer: Operation.Answer) throws(Shape.Problem) -> JSON {
        switch answer {
        case .json(let shape, let other):
            let schema: JSON = ["schema": try Shape.schema(shape)]
            return .object([("application/json", schema)] + (other.map { [($0, schema)] } ?? []))
        case .bytes(let type): return .object([(type, .emptyObject)])
        }
    }

    private static func meaning(_ status: Int) -> String {
        switch status {
        case 400: "The request is wrong; the message says where."
        case 401: "There is no token, or none that counts."
        case 403: "The token does not have the scope, or not for this project."
        case 404: "It is not there."
        case 409: "It is there already, or in a state that does not allow this."
        case 413: "The body is too large."
        case 415: "The body is of another type."
        case 422: "A rule of this server forbids it."
        case 424: "The Git upstream, or its provisioner, refuses."
        case 429: "Too many wrong tokens."
        case 503: "Not now; trying again may help."
        default: "A fault of the server; its log tells more."
        }
    }
}
