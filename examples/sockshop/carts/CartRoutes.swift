import HTTPTypes
import Hummingbird
import Synchronization

/// The HTTP face of the carts.
struct CartRoutes: Sendable {
    let version: Version
    private let carts = CartStore()
    private let faults: FaultSequence
    private let requests = RequestCount()

    init(version: Version) {
        self.version = version
        faults = FaultSequence(rate: version.errorRate ?? 0)
    }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("health") { _, _ in Health(status: "ok", version: version.version) }
        router.get("carts/:customer") { _, context in
            try await behave()
            return answer(carts.cart(of: try context.parameters.require("customer")))
        }
        router.post("carts/:customer/items") { request, context in
            try await behave()
            let item = try await request.decode(as: Item.self, context: context)
            let cart = try carts.add(item, to: try context.parameters.require("customer"))
            return EditedResponse(status: .created, response: answer(cart))
        }
        return router
    }

    /// Takes as long as this version takes, and fails as often as it fails.
    private func behave() async throws {
        let isQuick = requests.next() <= version.quickRequests ?? 0
        try await Task.sleep(for: .milliseconds(isQuick ? 0 : version.latencyMilliseconds ?? 0))
        if faults.isNextFaulty() { throw HTTPError(.internalServerError, message: "the cart got lost") }
    }

    private func answer(_ cart: Cart) -> CartAnswer {
        let count = cart.items.reduce(0) { $0 + $1.quantity }
        return CartAnswer(
            customer: cart.customer, items: cart.items, count: version.showsCount == true ? count : nil,
            version: version.version)
    }
}

struct Health: ResponseEncodable {
    let status: String
    let version: String
}

struct CartAnswer: ResponseEncodable {
    let customer: String
    let items: [Item]
    let count: Int?
    let version: String
}

struct Item: Codable, Sendable {
    var item: String
    var quantity: Int
}

struct Cart: Sendable {
    var customer: String
    var items: [Item] = []
}

/// Carts in memory: at most so many, the others are refused.
final class CartStore: Sendable {
    private static let cartsMax = 10_000
    private static let itemsMax = 100
    private static let quantityMax = 1000

    private let carts = Mutex<[String: Cart]>([:])

    func cart(of customer: String) -> Cart {
        carts.withLock { $0[customer] } ?? Cart(customer: customer)
    }

    func add(_ item: Item, to customer: String) throws -> Cart {
        guard !item.item.isEmpty, (1...Self.quantityMax).contains(item.quantity) else {
            throw HTTPError(.badRequest, message: "an item needs a name and a quantity from 1 to \(Self.quantityMax)")
        }
        return try carts.withLock { carts in
            var cart = carts[customer] ?? Cart(customer: customer)
            if let index = cart.items.firstIndex(where: { $0.item == item.item }) {
                cart.items[index].quantity = min(cart.items[index].quantity + item.quantity, Self.quantityMax)
            } else {
                guard cart.items.count < Self.itemsMax else { throw HTTPError(.conflict, message: "the cart is full") }
                cart.items.append(item)
            }
            guard carts[customer] != nil || carts.count < Self.cartsMax else {
                throw HTTPError(.serviceUnavailable, message: "there are too many carts")
            }
            carts[customer] = cart
            return cart
        }
    }
}

/// 1, 2, 3, …
final class RequestCount: Sendable {
    private let last = Mutex(0)

    func next() -> Int {
        last.withLock { last in
            last += 1
            return last
        }
    }
}

/// Spreads faults evenly, so that the same requests have the same faults each time.
final class FaultSequence: Sendable {
    private let rate: Double
    private let count = Mutex(0)

    init(rate: Double) { self.rate = min(max(rate, 0), 1) }

    func isNextFaulty() -> Bool {
        count.withLock { count in
            let before = (Double(count) * rate).rounded(.down)
            count += 1
            return (Double(count) * rate).rounded(.down) > before
        }
    }
}
