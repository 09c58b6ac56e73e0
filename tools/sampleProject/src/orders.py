def overdue(orders, today):
    result = []
    for order in orders:
        if order["due"] < today and order["paid"] == False:
            result.append(order)
    return sorted(result, key=lambda order: order["due"])
